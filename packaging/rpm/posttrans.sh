# shellcheck shell=sh
# After the files of a former version have gone, unlike %post.
# shellcheck source=packaging/scriptlets/functions.sh
. ./functions.sh

put_back_versions
systemd-sysusers banger.conf >/dev/null 2>&1 || true
systemctl --no-reload --global preset bangerd.socket >/dev/null 2>&1 || true
renew_netd
# Users who are logged in have it at once.
each_manager 30 daemon-reload
each_manager 30 start bangerd.socket
