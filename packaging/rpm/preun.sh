# shellcheck shell=sh
# shellcheck source=packaging/scriptlets/functions.sh
. ./functions.sh

if [ "$1" -eq 0 ]; then
	stop_all
	systemctl --no-reload --global disable bangerd.socket >/dev/null 2>&1 || true
fi
