#!/bin/sh
# Finishes the root of the test host; mmdebstrap runs it with the new root as its argument.
set -eu
root=$1

# The same users, ids and subordinate ids whatever the distribution's defaults are.
for user in alice:1000:100000 bob:1001:165536; do
  name=${user%%:*} ids=${user#*:}
  chroot "$root" useradd --uid "${ids%:*}" --create-home --shell /bin/bash "$name"
  for file in subuid subgid; do
    sed -i "/^$name:/d" "$root/etc/$file"
    echo "$name:${ids#*:}:65536" >>"$root/etc/$file"
  done
  # Without it git asks who commits.
  printf '[user]\n\tname = %s\n\temail = %s@example.org\n' "$name" "$name" >"$root/home/$name/.gitconfig"
  chroot "$root" chown "$name:$name" "/home/$name/.gitconfig"
done

echo testhost >"$root/etc/hostname"
printf '127.0.0.1 localhost testhost\n::1 localhost\n' >"$root/etc/hosts"
# Made at the first boot, so that two hosts differ.
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"

# The journal outlives a reboot, and nothing that a test looks for is dropped.
mkdir -p "$root/var/log/journal" "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/logind.conf.d"
printf '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n' >"$root/etc/systemd/journald.conf.d/test.conf"
# A user's manager stops a second after the last logout instead of ten.
printf '[Login]\nUserStopDelaySec=1\n' >"$root/etc/systemd/logind.conf.d/test.conf"

# There is nothing of this in a container, and each costs time at a boot.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer console-getty.service getty.target systemd-networkd-wait-online.service; do
  chroot "$root" systemctl mask --quiet "$unit"
done
rm -rf "$root/var/lib/apt/lists" "$root/var/cache/apt"
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"
