# shellcheck shell=sh
# What the scripts of both packages have in common; the build puts it into each of them.
kept=/var/lib/banger/kept

# Does something with the manager of every user who is logged in or lingers: each_manager SECONDS COMMAND…
each_manager() {
	[ -d /run/systemd/system ] || return 0
	seconds=$1
	shift
	for user in $(systemctl list-units --no-legend --plain 'user@*.service' | sed -n 's/^user@\([0-9]*\)\.service.*/\1/p'); do
		timeout "$seconds" systemctl --quiet --user --machine "$user@" "$@" 2>/dev/null || true
	done
}

# Before an upgrade: what runs of the present version goes on, and what stops its VMs is called from its directory
# later, which the package manager removes.
keep_versions() {
	for directory in /usr/lib/banger/*/; do
		[ -d "$directory" ] || continue
		name=$(basename "$directory")
		mkdir -p "$kept"
		rm -rf "${kept:?}/$name"
		cp -al "$directory" "$kept/$name" 2>/dev/null || cp -a "$directory" "$kept/$name"
	done
}

# Whether something runs that was called from a version's directory, or a VM's unit is to call it when it stops.
is_used() {
	# The pattern comes by a pipe, so that grep does not find itself.
	# shellcheck disable=SC2062 # these are files
	printf '/usr/lib/banger/%s/' "$1" |
		grep -qsF --file=- /proc/[0-9]*/cmdline /run/user/*/systemd/transient/banger-*.service
}

# After an upgrade: what is used of other versions is put back, and what is not goes.
put_back_versions() {
	current=$(basename "$(dirname "$(dirname "$(readlink -f /usr/bin/banger)")")")
	for directory in "$kept"/*/; do
		name=$(basename "$directory")
		if [ ! -d "$directory" ] || [ "$name" = "$current" ] || ! is_used "$name"; then
			continue
		fi
		# The package manager leaves directories that it cannot empty.
		rm -rf "/usr/lib/banger/${name:?}"
		mv "$directory" "/usr/lib/banger/$name"
	done
	rm -rf /var/lib/banger
	for directory in /usr/lib/banger/*/; do
		name=$(basename "$directory")
		[ "$name" = "$current" ] || is_used "$name" || rm -rf "$directory"
	done
}

# The system's manager and bus look at their files again, where they run.
reload_system() {
	[ -d /run/systemd/system ] || return 0
	timeout 30 systemctl daemon-reload || true
	timeout 10 busctl --quiet call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig || true
}

# What serves bridged networks is started anew with the next version's programs, and leaves bridges and guests as they are.
renew_netd() {
	reload_system
	[ -d /run/systemd/system ] || return 0
	timeout 60 systemctl --quiet try-restart banger-netd.service || true
}

# Before a removal, when no VM runs any more: nothing stays in the kernel.
remove_netd() {
	[ ! -d /run/systemd/system ] || timeout 60 systemctl --quiet stop banger-netd.service || true
	timeout 60 /usr/libexec/banger-netd --remove-all || true
}

# Before a removal. VMs are powered off in order, which takes a while; their disks stay.
stop_all() {
	each_manager 180 stop bangerd.socket bangerd.service banger.slice
	remove_netd
}

# After a removal: the package manager does not know of what an upgrade kept.
remove_rest() {
	rm -rf /usr/lib/banger /var/lib/banger
	each_manager 30 daemon-reload
	reload_system
	echo 'banger: VMs, images and settings stay with their users: .local/state/banger, .config/banger and .cache/banger in their homes'
}
