# shellcheck shell=sh
# The common part of the files in bin/, which set `root` (the checkout) and `program` (cli, daemon or netd).
# It runs at every command, so it starts one process, and two where the bundle is stale; docs/decisions/0001 has the figures.
# shellcheck disable=SC2034,SC2154 # root and program are of the file that sources this one, the others for start.sh
node=$root/node_modules/.bin/node
if [ ! -x "$node" ]; then
  echo "${0##*/}: this checkout is not set up; run \`make -C $(cd "$root" && pwd) build\`" >&2
  exit 1
fi

# The bundle starts faster than the sources. It serves only while nothing has changed since just before it
# was made: the change time, unlike the modification time, cannot be set by a copy, a checkout or an editor.
main=$root/src/$program/main.ts
preload=$root/src/preload/main.ts
built=$root/build/bundle/built
is_fresh() { [ -e "$built" ] && [ -z "$(find "$@" -cnewer "$built" -print -quit 2>&1)" ]; }
if is_fresh "$root/src" "$root/package-lock.json"; then
  main=$root/build/bundle/$program.cjs
  preload=$root/build/bundle/preload.cjs
elif is_fresh "$root/src/preload"; then
  # What it makes fast is not there yet while it is loaded: its own types would be stripped at every start.
  preload=$root/build/bundle/preload.cjs
fi
. "$root/scripts/start.sh"
