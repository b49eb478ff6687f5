# shellcheck shell=sh
# What scripts/launch.sh is in an installation: there is nothing to compare the bundles with, and the Node is ours.
# shellcheck disable=SC2034,SC2154 # root and program are of the file that sources this one, the others for start.sh
node=$root/node
main=$root/bundle/$program.cjs
preload=$root/bundle/preload.cjs
. "$root/scripts/start.sh"
