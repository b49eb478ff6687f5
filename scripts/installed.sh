# shellcheck shell=sh
# What install.sh and uninstall.sh, which read this first, have in common: where an installation for one user has
# its parts. PREFIX is for the programs; the user's systemd and bus look for units in one place alone.
say() { printf '%s\n' "$*"; }
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

prefix=${PREFIX:-$HOME/.local}
case $prefix in
  *[[:cntrl:]\"\'\\\$]*) fail "systemd runs no program in $prefix: it may have no quotes, backslashes or dollar signs" ;;
  /*) ;;
  *) fail "PREFIX must be an absolute path, not $prefix" ;;
esac
# shellcheck disable=SC2034 # used by who reads this
{
  bin=$prefix/bin
  versions=$prefix/lib/banger
  data=${XDG_DATA_HOME:-$HOME/.local/share}
  units=$data/systemd/user
  services=$data/dbus-1/services
  socket=bangerd.socket
}

# Refuses paths that anybody but this user and root can lead elsewhere: what is written, removed and run there would be
# theirs to choose. By `sudo -E` and `su` HOME is another user's: require_own PATH…
require_own() {
  me=$(id -u)
  for given in "$@"; do
    case $given in /*) ;; *) given=$PWD/$given ;; esac
    # As it is written, and where that leads; each directory of both.
    for path in "$given" "$(readlink -m -- "$given")"; do
      while [ -n "$path" ]; do
        set -- "$@" "$path"
        path=${path%/*}
      done
    done
    shift
  done
  # Links, and then what they lead to, where it is there.
  owners=$(
    stat --format='%u 0 %n' -- "$@" 2>/dev/null || true
    stat --dereference --format='%u %a %n' -- "$@" 2>/dev/null || true
  )
  # In a namespace root may have another number.
  root=$(stat --format=%u /)
  while read -r owner mode path; do
    case $owner in "$me" | 0 | "$root") ;; *)
      fail "$path belongs to another user; run this as that user without sudo, or without that user's environment: by sudo -H, and not sudo -E"
      ;;
    esac
    # A sticky directory, such as /tmp, keeps each user's own entries.
    case $mode in [1357]???) ;; *[2367]) fail "$path can be changed by all users; run \`chmod o-w\` on it" ;; esac
  done <<END
$owners
END
}

# All places that an installation has, and those of the user that its programs have.
require_own_places() {
  require_own "$HOME" "$bin" "$versions" "$units" "$services" "$XDG_RUNTIME_DIR" "$prefix/share" \
    "${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user" "${XDG_STATE_HOME:-$HOME/.local/state}/banger" \
    "${XDG_CACHE_HOME:-$HOME/.cache}/banger"
}

# The launchers' directory as units have it, see systemd.syntax(7) for blanks and systemd.unit(5) for percent signs.
bin_in_units() {
  printf %s "$bin" | sed 's/%/%%/g; s/ /\\x20/g'
}

# As after `su`, when the session's variables are missing.
: "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
export XDG_RUNTIME_DIR
# An address may name a program to run; root's is that of root's own manager.
[ "$(id -u)" -ne 0 ] || unset DBUS_SESSION_BUS_ADDRESS DBUS_SYSTEM_BUS_ADDRESS

# Asks the user's systemd, which may hang no installation.
user_systemctl() { timeout --kill-after=5 60 systemctl --user "$@"; }
has_manager() { user_systemctl show-environment >/dev/null 2>&1; }

# The manager and the bus look at their files again, where they run.
reload() {
  if has_manager; then user_systemctl daemon-reload; fi
  timeout 10 busctl --user --quiet call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig \
    >/dev/null 2>&1 || true
}

# Enables or disables the socket; without a manager for the next one, if the host has systemd at all.
switch_socket() {
  if has_manager; then
    user_systemctl --quiet --now "$1" "$socket"
  elif command -v systemctl >/dev/null; then
    SYSTEMD_OFFLINE=1 user_systemctl --quiet "$1" "$socket"
  fi
}

# Whether the version of this name runs, or a unit is to call it. The arguments of processes, which could tell as well,
# are memory of theirs: reading that may never end.
is_used() {
  {
    readlink /proc/[0-9]*/exe || true
    cat "$unit_properties"
  } | grep -qF -e "/lib/banger/$1/" -e "$(readlink -f "$versions")/$1/"
}

# Removes the versions that nothing uses, but for the one of the given name, or none: remove_versions NAME
remove_versions() {
  unit_properties=$versions/.units.$$
  user_systemctl show --all 'banger*' >"$unit_properties" 2>/dev/null || true
  for directory in "$versions"/*/; do
    version=$(basename "$directory")
    if [ ! -d "$directory" ] || [ "$version" = "$1" ]; then
      continue
    elif is_used "$version"; then
      say "kept $directory, which still runs"
    else
      rm -rf "$directory"
    fi
  done
  rm -f "$unit_properties"
}
