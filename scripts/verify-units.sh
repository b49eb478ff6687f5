#!/bin/sh
# Has systemd read the user units as they are installed, without a manager that runs: it must have nothing to say.
set -eu
cd "$(dirname "$0")/.."
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
mkdir -m 0700 "$directory/bin" "$directory/units" "$directory/run" "$directory/home"
for unit in systemd/*; do
  sed "s|@bindir@|$directory/bin|g" "$unit" >"$directory/units/${unit##*/}"
done
printf '#!/bin/sh\n' >"$directory/bin/bangerd"
chmod +x "$directory/bin/bangerd"
# Nothing of this user's own: units in a home would be read, too.
export HOME="$directory/home" XDG_RUNTIME_DIR="$directory/run" XDG_CONFIG_HOME="$directory/home" XDG_DATA_HOME="$directory/home"
said=$(systemd-analyze --user verify "$directory"/units/* 2>&1) || said="$said (status $?)"
if [ -n "$said" ]; then
  printf '%s\n' "$said"
  exit 1
fi
