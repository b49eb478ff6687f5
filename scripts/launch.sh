# shellcheck shell=sh
# The common part of bin/banger and bin/bangerd, which set `root` (the checkout) and `program` (cli or daemon).
# It runs at every command, so it starts one process at most; docs/decisions/0001 has the figures.
# shellcheck disable=SC2154 # root and program are of the file that sources this one
node=$root/node_modules/.bin/node
if [ ! -x "$node" ]; then
  echo "${0##*/}: this checkout is not set up; run \`make -C $(cd "$root" && pwd) build\`" >&2
  exit 1
fi

# V8's compiled code, and with it the sources without their types. Made here because it lies in banger's own
# cache directory, which must be private.
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
if [ -n "$cache" ]; then
  NODE_COMPILE_CACHE=$cache/banger/node
  [ -d "$NODE_COMPILE_CACHE" ] || (umask 077 && mkdir -p "$NODE_COMPILE_CACHE") 2>/dev/null || NODE_COMPILE_CACHE=
  export NODE_COMPILE_CACHE
fi

# The bundle starts faster than the sources. It serves only while nothing has changed since just before it
# was made: the change time, unlike the modification time, cannot be set by a copy, a checkout or an editor.
# shellcheck disable=SC2154
main=$root/src/$program/main.ts
built=$root/build/bundle/built
if [ -e "$built" ] && [ -z "$(find "$root/src" "$root/package-lock.json" -cnewer "$built" -print -quit 2>&1)" ]; then
  main=$root/build/bundle/$program.cjs
fi
exec "$node" "$main" "$@"
