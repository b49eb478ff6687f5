# shellcheck shell=sh
# What the scripts of both packages have in common; the build puts it into each of them, at its beginning.

# The environment is that of who runs the package manager, by `sudo -E` another user's: nothing of it is taken but
# what dpkg tells its helpers. The mark is an argument, because a variable could come from there.
if [ "${1-}" != --clean ]; then
	exec /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DPKG_ROOT="${DPKG_ROOT-}" \
		DPKG_MAINTSCRIPT_PACKAGE="${DPKG_MAINTSCRIPT_PACKAGE-}" DPKG_MAINTSCRIPT_NAME="${DPKG_MAINTSCRIPT_NAME-}" \
		/bin/sh "$0" --clean "$@"
fi
shift

kept=/var/lib/banger/kept

# Ends a command that takes too long: within SECONDS COMMAND…
within() {
	seconds=$1
	shift
	timeout --kill-after=5 "$seconds" "$@"
}

# Asks the manager of a user something: ask_manager SECONDS UID COMMAND…
ask_manager() {
	seconds=$1
	user=$2
	shift 2
	within "$seconds" systemctl --quiet --user --machine "$user@" "$@" </dev/null 2>/dev/null
}

# Asks the manager of every user who is logged in or lingers what its units call, once, all of them at the same time:
# users can stop theirs or put something else in its place. `managers` are those that answer, `silent` the others,
# and `called` is a file with the answers.
ask_managers() {
	[ -z "${called-}" ] || return 0
	managers='' silent='' called=/dev/null
	[ -d /run/systemd/system ] || return 0
	answers=$(mktemp --directory --tmpdir=/run banger-package.XXXXXXXXXX)
	trap 'rm -rf "$answers"' EXIT
	called=$answers/called
	: >"$called"
	users=$(within 30 systemctl list-units --no-legend --plain --state=active,activating,deactivating 'user@*.service' |
		sed -n 's/^user@\([0-9]*\)\.service.*/\1/p')
	for user in $users; do
		{
			ask_manager 20 "$user" show --property=ExecStart --property=ExecStop 'banger*' && echo answered
		} | head --bytes=1M >"$answers/$user" &
	done
	wait
	for user in $users; do
		if [ "$(tail --lines=1 "$answers/$user")" = answered ]; then
			managers="$managers $user"
		else
			silent="$silent $user"
			echo "banger: the manager of the user $user does not answer and is left alone; to end it: systemctl kill --signal=KILL user@$user.service" >&2
		fi
	done
	[ -z "$users" ] || cat "$answers"/[0-9]* >"$called"
}

# Does something with the manager of every user, all of them at the same time: each_manager SECONDS COMMAND…
each_manager() {
	ask_managers
	seconds=$1
	shift
	for user in $managers; do
		ask_manager "$seconds" "$user" "$@" >/dev/null &
	done
	wait
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

# Whether something runs that is of a version, or a VM's unit is to call it when it stops, or nobody knows because a
# manager is silent. Nothing here opens what a user could make a FIFO or serve by a file system of his own: not the
# units in /run/user, and not the arguments of processes, which are memory of theirs.
is_used() {
	ask_managers
	[ -z "$silent" ] || return 0
	{
		readlink /proc/[0-9]*/exe || true
		cat "$called"
	} | grep -qF "/usr/lib/banger/$1/"
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
	within 30 systemctl daemon-reload || true
	within 10 busctl --quiet call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig || true
}

# What serves bridged networks is started anew with the next version's programs, and leaves bridges and guests as they are.
renew_netd() {
	reload_system
	[ -d /run/systemd/system ] || return 0
	within 60 systemctl --quiet try-restart banger-netd.service || true
}

# Before a removal, when no VM runs any more: nothing stays in the kernel.
remove_netd() {
	[ ! -d /run/systemd/system ] || within 60 systemctl --quiet stop banger-netd.service || true
	within 60 /usr/libexec/banger-netd --remove-all || true
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
