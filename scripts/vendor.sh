#!/bin/sh
# Bundle the libraries of the network page into gridt/static/vendor, and those of the members' app
# into gridt/web/client/library.js, with their licences, as scripts/vendor/package-lock.json pins
# them. The same pins make the same bytes.
#
#   scripts/vendor.sh           write them
#   scripts/vendor.sh --check   fail if that would change anything
#
# To take newer releases: edit scripts/vendor/package.json, then
#   npm install --prefix scripts/vendor --package-lock-only --omit-lockfile-registry-resolved
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$root"/scripts/vendor/* "$work"
cd "$work"
npm ci --ignore-scripts --no-audit --no-fund --silent
mkdir out app
bundle() {
  npx esbuild "$1.js" --bundle --minify --format=esm --target=es2020 --legal-comments=none \
    --log-level=warning --metafile=meta.json --outfile=bundle.js
}
bundle app
node note.mjs bundle.js meta.json library app library.js > /dev/null
bundle graph
file=$(node note.mjs bundle.js meta.json graph out)

# each content has an address of its own, because browsers keep it for a year
printf '// written by scripts/vendor.sh\nexport * from "../vendor/%s";\n' "$file" > library.js
if [ "${1-}" = --check ]; then
  diff -r out "$root/gridt/static/vendor"
  diff library.js "$root/gridt/static/network/library.js"
  diff app/library.js "$root/gridt/web/client/library.js"
  diff app/library.json "$root/gridt/web/library.json"
  diff app/library.LICENSES.txt "$root/gridt/web/library.LICENSES.txt"
  exit
fi
rm -rf "$root/gridt/static/vendor"
cp -R out "$root/gridt/static/vendor"
cp library.js "$root/gridt/static/network/library.js"
cp app/library.js "$root/gridt/web/client/library.js"
cp app/library.json app/library.LICENSES.txt "$root/gridt/web"
