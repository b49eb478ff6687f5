#!/bin/sh
# Keeps what a test host stands on until its standard input ends: a mount namespace and a process namespace with
# the host's disk, and a cgroup. Whoever started it ends it by dying, too, and then nothing is left: the kernel
# ends all in the process namespace and drops the mounts, and the file behind the disk has no name any more.
# Usage: keep.sh ROOT DISK-FILE SIZE CGROUP; says `ready PID` with the pid to enter the namespaces by.
set -eu
root=$1 disk=$2 size=$3 cgroup=$4

if [ "${5:-}" != inside ]; then
  # The end of its input is what ends it, not what a terminal sends to all programs of a test.
  trap '' INT TERM HUP
  mkdir "$cgroup"
  status=0
  unshare --mount --pid --fork --kill-child --propagation private "$0" "$@" inside || status=$?
  rm -f "$disk"
  # A cgroup is busy for a moment after the last process in it.
  tries=50
  until [ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null; do
    [ "$tries" -gt 0 ] || exit 1
    tries=$((tries - 1))
    sleep 0.1
  done
  exit "$status"
fi

# /proc is still that of the world outside, and so is the pid in it.
read -r pid _ </proc/self/stat
mount -t proc proc /proc
# One hierarchy alone, so that nspawn makes no directories in those of v1 where a machine has them, too.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# nspawn keeps its books here.
mount -t tmpfs -o mode=755 host /run
mkdir /run/disk /run/host-root
truncate --size="$size" "$disk"
mkfs.ext4 -q -E lazy_itable_init=1,lazy_journal_init=1 -m 0 "$disk"
mount -o loop "$disk" /run/disk
rm "$disk"
mkdir /run/disk/upper /run/disk/work
mount -t overlay -o "lowerdir=$root,upperdir=/run/disk/upper,workdir=/run/disk/work" host /run/host-root
# As distributions have it; the machine's own may be for root alone.
mknod --mode=666 /run/disk/tun c 10 200
echo "ready $pid"
exec cat >/dev/null
