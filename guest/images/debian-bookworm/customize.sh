#!/bin/sh
# Finishes the image's root, from inside it.
set -eu


cat >>/etc/bash.bashrc <<'END'

# mise, for interactive shells.
[ -z "${PS1-}" ] || eval "$(mise activate bash)"
END
# The login shells' completion; Debian ships it commented out.
cat >>/etc/bash.bashrc <<'END'
[ -z "${PS1-}" ] || ! [ -r /usr/share/bash-completion/bash_completion ] || . /usr/share/bash-completion/bash_completion
END

# What terminals of today call themselves. Debian's base set has no entry for them, and each does what xterm-256color does.
for name in alacritty contour foot foot-extra ghostty rio st-256color wezterm xterm-ghostty xterm-kitty; do
  directory=/etc/terminfo/$(printf '%.1s' "$name")
  mkdir -p "$directory"
  ln -sf /lib/terminfo/x/xterm-256color "$directory/$name"
done

# The language is the guest's: users' clients send those of their hosts, which are not here.
sed -i '/^AcceptEnv LANG LC_\*$/d' /etc/ssh/sshd_config

# Docker waits for its first use.
systemctl disable docker.service containerd.service
systemctl enable docker.socket

# Each of these costs time at every boot and does nothing in a sandbox: consoles nobody logs in to, time and entropy that banger's agent looks after, state that a VM has
# elsewhere, hardware that it does not have, and apt at moments nobody chose. Devices, modules, temporary
# files and whatever timers the user adds stay as Debian has them.
for unit in \
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  getty.target serial-getty@ttyS0.service \
  e2scrub_reap.service e2scrub_all.timer fstrim.timer \
  systemd-pstore.service systemd-random-seed.service systemd-hwdb-update.service \
  systemd-update-utmp.service systemd-update-utmp-runlevel.service \
  systemd-machine-id-commit.service systemd-firstboot.service systemd-sysusers.service ldconfig.service \
  systemd-journal-flush.service systemd-remount-fs.service systemd-fsck-root.service \
  systemd-boot-system-token.service systemd-pcrphase.service systemd-pcrphase-sysinit.service \
  systemd-ask-password-console.path systemd-ask-password-wall.path systemd-initctl.socket \
  modprobe@drm.service modprobe@efi_pstore.service modprobe@configfs.service modprobe@loop.service \
  modprobe@dm_mod.service modprobe@fuse.service \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount \
  dev-hugepages.mount; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done

# Generators run before anything else of systemd does. These look for disks, consoles and boot loaders that a
# sandbox has none of.
mkdir -p /etc/systemd/system-generators
for generator in bless-boot cryptsetup debug getty gpt-auto hibernate-resume integritysetup run system-update \
  veritysetup; do
  ln -sf /dev/null "/etc/systemd/system-generators/systemd-$generator-generator"
done

# Without PAM logind never sees a login; the bus starts it for whoever asks, such as `poweroff`.
rm -f /lib/systemd/system/multi-user.target.wants/systemd-logind.service

# An image belongs to nobody: keys, names and ids are given to each VM.
# Some are read-only, which stops everybody but real root from writing into them.
rm -f /etc/ssh/ssh_host_* /etc/hostname /etc/resolv.conf /etc/machine-id /var/lib/dbus/machine-id
: >/etc/machine-id
# These would differ from one making to the next: the time of a compilation, the mode of a log nobody keeps.
rm -rf /usr/share/python3/debpython/__pycache__ /var/log/journal
# What apt was told for the making is not for the guest.
rm -f /etc/apt/apt.conf.d/99mmdebstrap
rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log

# Last, because in here no systemd ever listens.
for program in systemctl systemd-run; do
  ln -s ../lib/banger/when-systemd /usr/local/bin/$program
done
