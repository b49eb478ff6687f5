#!/bin/sh
# Has systemd read the units as they are installed, without a manager that runs: it must have nothing to say.
set -eu
cd "$(dirname "$0")/.."
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
mkdir -m 0700 "$directory/bin" "$directory/user" "$directory/system" "$directory/run" "$directory/home"

# fill DIRECTORY UNIT…
fill() {
  to=$1
  shift
  for unit in "$@"; do
    sed "s|@bindir@|$directory/bin|g; s|@libexecdir@|$directory/bin|g" "$unit" >"$to/${unit##*/}"
  done
}
fill "$directory/user" systemd/banger*
fill "$directory/system" systemd/system/*
for program in bangerd banger-netd; do
  printf '#!/bin/sh\n' >"$directory/bin/$program"
  chmod +x "$directory/bin/$program"
done
# Nothing of this user's own: units in a home would be read, too.
export HOME="$directory/home" XDG_RUNTIME_DIR="$directory/run" XDG_CONFIG_HOME="$directory/home" XDG_DATA_HOME="$directory/home"
# verify --user|--system DIRECTORY
verify() {
  said=$(systemd-analyze "$1" --man=no verify "$2"/* 2>&1) || said="$said (status $?)"
  [ -z "$said" ] || {
    printf '%s\n' "$said"
    exit 1
  }
}
verify --user "$directory/user"
verify --system "$directory/system"
