# shellcheck shell=sh
# shellcheck source=packaging/scriptlets/functions.sh
. ./functions.sh

if [ "$1" -gt 1 ]; then keep_versions; fi
