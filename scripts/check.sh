#!/bin/sh
# What is checked without running the programs. Runs all of it, says what failed, and fails if anything did.
set -u
cd "$(dirname "$0")/.."
bin=node_modules/.bin
biome=node_modules/@biomejs/cli-linux-x64/biome
failed=

# check NAME COMMAND…
check() {
  name=$1
  shift
  if output=$("$@" 2>&1); then
    echo "check: $name: ok"
  else
    printf '%s\n' "$output"
    echo "check: $name: FAILED ($*)"
    failed="$failed $name"
  fi
}

check_c() {
  set -- guest/agent/*.c
  [ ! -e "$1" ] || musl-gcc -fsyntax-only -std=c11 -O2 -Wall -Wextra -Wshadow -Wconversion -Wvla -Werror "$@" || return 1
  set -- host/*.c
  [ ! -e "$1" ] || gcc -fsyntax-only -std=c11 -O2 -Wall -Wextra -Wshadow -Wconversion -Wvla -Werror "$@"
}

check 'format and lint' "$biome" ci --error-on-warnings .
check types "$bin/tsc"
check layers "$bin/node" scripts/check-layers.ts
check 'D-Bus XML' xmllint --nonet --noout dbus/*.xml
check 'D-Bus types' "$bin/node" scripts/generate-contract.ts --check
check 'shell scripts' shellcheck bin/banger bin/bangerd scripts/*.sh .ci/run
check C check_c

[ -z "$failed" ] || {
  echo "check: failed:$failed" >&2
  exit 1
}
