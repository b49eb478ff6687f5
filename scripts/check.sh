#!/bin/sh
# Checks all that needs no program to run. The build has the compiler's warnings about C.
# Runs all of it, says what failed, and fails if anything did.
set -u
cd "$(dirname "$0")/.." || exit
bin=node_modules/.bin
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

check 'format and lint' "$bin/biome" ci --colors=off --error-on-warnings .
# shellcheck disable=SC2046 # names without blanks
check 'format of C' "$bin/node" "$bin/clang-format" --dry-run -Werror $(git ls-files '*.[ch]')
check types "$bin/tsc"
check layers "$bin/node" scripts/check-layers.ts
check 'names' "$bin/node" scripts/check-names.ts
check 'promises of docs/security.md' "$bin/node" scripts/check-promises.ts
check 'lines of pages' "$bin/node" scripts/check-docs.ts
check 'D-Bus XML' xmllint --nonet --noout dbus/*.xml
check 'D-Bus values' "$bin/node" scripts/generate-values.ts --check
check 'D-Bus types' "$bin/node" scripts/generate-contract.ts --check
check 'D-Bus API page' "$bin/node" scripts/generate-api-page.ts --check
check 'table of commands' "$bin/node" scripts/generate-commands.ts --check
check 'steps of operations' "$bin/node" scripts/generate-steps.ts --check
check 'table of errors' "$bin/node" scripts/generate-errors.ts --check
check units scripts/verify-units.sh
check 'shell scripts' shellcheck --external-sources bin/banger bin/bangerd bin/banger-netd .ci/run scripts/*.sh test/host/root/*.sh \
  packaging/scriptlets/*.sh packaging/deb/p[or]* packaging/rpm/*.sh
# Those of the guest run in busybox's shell, whose ways shellcheck knows only in part.
# shellcheck disable=SC2046 # names without blanks
check 'guest scripts' shellcheck --shell=dash --severity=error $(grep -rlE '^#!.*\bsh( |$)' guest)

[ -z "$failed" ] || {
  echo "check: failed:$failed" >&2
  exit 1
}
