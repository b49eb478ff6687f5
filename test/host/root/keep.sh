#!/bin/sh
# Keeps what a test host stands on until its standard input ends: a mount namespace and a process namespace with
# the host's disk, and a cgroup. Whoever started it ends it by dying, too, and then nothing is left: the kernel
# ends all in the process namespace and drops the mounts, and what was written to the disk is removed.
# Usage: keep.sh ROOT DISK CGROUP; says `ready PID` with the pid to enter the namespaces by.
set -eu
root=$1 disk=$2 cgroup=$3

if [ "${4:-}" != inside ]; then
  # The end of its input is what ends it, not what a terminal sends to all programs of a test.
  trap '' INT TERM HUP
  mkdir "$cgroup" "$disk" "$disk/upper" "$disk/work"
  status=0
  unshare --mount --pid --fork --kill-child --propagation private "$0" "$@" inside || status=$?
  rm -rf "$disk"
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
mkdir /run/host-root
# Nobody reads it after the end, so it need not wait until what was written has reached the real disk.
mount -t overlay -o "lowerdir=$root,upperdir=$disk/upper,workdir=$disk/work,volatile" host /run/host-root
# As distributions have it; the machine's own may be for root alone.
mknod --mode=666 /run/tun c 10 200
echo "ready $pid"
cat >/dev/null
# Also what is stopped: the end of a process namespace waits for parents outside of it that would never reap.
echo 1 >"/sys/fs/cgroup/${cgroup##*/}/cgroup.kill"
