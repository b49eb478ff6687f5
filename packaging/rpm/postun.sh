# shellcheck shell=sh
# shellcheck source=packaging/scriptlets/functions.sh
. ./functions.sh

if [ "$1" -eq 0 ]; then remove_rest; fi
