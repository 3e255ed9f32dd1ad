#!/bin/sh
# The start of the stand-in for postgres:18. Like that image, it uses POSTGRES_USER, _PASSWORD and
# _DB, and answers on its socket only while it prepares the database.
set -eu

export PATH="$(echo /usr/lib/postgresql/*/bin):$PATH"
export PGDATA=/var/lib/postgresql/data

if [ "$(id -u)" = 0 ]; then
  install --directory --owner=postgres --group=postgres /var/lib/postgresql /run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user=${POSTGRES_USER:-postgres}
  words=$(mktemp)
  echo "${POSTGRES_PASSWORD:?is not set}" >"$words"
  initdb --username="$user" --pwfile="$words" --auth-local=trust --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8
  rm "$words"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl start --wait --options="-c listen_addresses=''"
  database=${POSTGRES_DB:-$user}
  [ "$database" = postgres ] || createdb --username="$user" --maintenance-db=postgres "$database"
  pg_ctl stop --wait --mode=fast
fi

exec "$@" -c listen_addresses='*'
