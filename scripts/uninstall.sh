#!/bin/sh
# Takes away what install.sh installed, with the same PREFIX, and nothing else: the daemon is stopped first, VMs and
# settings stay, and where they are is printed. Refuses while VMs run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/installed.sh
. "$here/installed.sh"
require_own_places
state=${XDG_STATE_HOME:-$HOME/.local/state}/banger
banger=$bin/banger
[ -L "$banger" ] || fail "banger is not installed in $prefix"
node=$(dirname "$(readlink -f "$banger")")/../node

if [ -e "$state/banger.db" ]; then
  running='JSON.parse(fs.readFileSync(0)).filter(({ state }) => !["stopped", "failed"].includes(state)).map(({ name }) => name).join(" ")'
  vms=$(timeout --kill-after=5 120 "$banger" vm list --json | env -i "$node" --disable-sigusr1 --print "$running") ||
    fail 'the daemon does not tell which VMs run; see what it says above'
  [ -z "$vms" ] || fail "these VMs run: $vms; run \`banger vm stop $vms\` first"
fi
# It refuses while a job runs.
timeout --kill-after=5 60 "$banger" daemon stop
# Another installation may have put its own units there.
if grep -qsF "ExecStart=$(bin_in_units)/" "$units/bangerd.service"; then
  switch_socket disable
  for file in "$here"/dbus/*; do rm -f "$services/${file##*/}"; done
  reload
  # Somebody may have started it once more; now nobody can.
  timeout --kill-after=5 60 "$banger" daemon stop >/dev/null
  if has_manager; then user_systemctl stop banger.slice; fi
  for file in "$here"/systemd/*; do rm -f "$units/${file##*/}"; done
  reload
fi
(cd "$here/share" && find . -type f) | while read -r file; do rm -f "$prefix/share/$file"; done
rm -f "$bin/banger" "$bin/bangerd" "$versions/.lock"
remove_versions ''
# Only what is empty now.
(cd "$here/share" && find . -depth -mindepth 1 -type d) | while read -r directory; do
  rmdir "$prefix/share/$directory" 2>/dev/null || true
done
for directory in "$versions" "$prefix/lib" "$bin" "$units" "${units%/*}" "$services" "${services%/*}" "$data" "$prefix/share"; do
  rmdir "$directory" 2>/dev/null || true
done

say "removed banger from $prefix; its data stays:"
for directory in "$state" "${XDG_CONFIG_HOME:-$HOME/.config}/banger" "${XDG_CACHE_HOME:-$HOME/.cache}/banger"; do
  [ ! -d "$directory" ] || say "  $directory"
done
