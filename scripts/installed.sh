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

# The launchers' directory as units have it, see systemd.syntax(7) for blanks and systemd.unit(5) for percent signs.
bin_in_units() {
  printf %s "$bin" | sed 's/%/%%/g; s/ /\\x20/g'
}

# As after `su`, when the session's variables are missing.
: "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
export XDG_RUNTIME_DIR

# Asks the user's systemd, which may hang no installation.
user_systemctl() { timeout 60 systemctl --user "$@"; }
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

# Whether the version of this name runs: a process has it in its command line, or a unit is to call it.
is_used() {
  # The pattern comes by a pipe, so that grep does not find itself.
  # shellcheck disable=SC2062 # these are files
  printf '/lib/banger/%s/' "$1" | grep -qsF --file=- /proc/[0-9]*/cmdline "$unit_properties"
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
