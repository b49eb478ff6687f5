# shellcheck shell=sh
# What scripts/launch.sh is in an installation: there is nothing to compare the bundles with, and the Node is ours.
# shellcheck disable=SC2154 # root and program are of the file that sources this one
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
if [ -n "$cache" ]; then
  NODE_COMPILE_CACHE=$cache/banger/node
  [ -d "$NODE_COMPILE_CACHE" ] || (umask 077 && mkdir -p "$NODE_COMPILE_CACHE") 2>/dev/null || NODE_COMPILE_CACHE=
  export NODE_COMPILE_CACHE
fi
exec "$root/node" "$root/bundle/$program.cjs" "$@"
