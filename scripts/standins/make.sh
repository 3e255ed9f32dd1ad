#!/usr/bin/env bash
# Makes stand-ins for the two foreign images that gridt runs with, from Debian's packages, on a
# machine with a container engine and no registry (docs/image.md). It needs root and mmdebstrap.
#   gridt-standin/python    for python:3.13-slim-trixie
#   gridt-standin/postgres  for postgres:18
set -euo pipefail
cd "$(dirname "$0")"

debian() { # debian NAME PACKAGES [more options of mmdebstrap]
  mmdebstrap --quiet --variant=minbase --include="$2" "${@:3}" trixie - |
    docker import - "gridt-standin/$1"
}

# pip uses the indexes and the certificates of this machine.
uploads=()
for file in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
  [ ! -f "$file" ] || uploads+=("--customize-hook=upload $file $file")
done
debian python ca-certificates,python3,python3-pip,python3-venv "${uploads[@]}"

debian postgres-packages postgresql --customize-hook='rm -rf "$1"/var/lib/postgresql/*'
docker build --tag gridt-standin/postgres --file - . <<'END'
FROM gridt-standin/postgres-packages
COPY --chown=root:root postgres.sh /usr/local/bin/
VOLUME /var/lib/postgresql
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres.sh"]
CMD ["postgres"]
END
