/** An ssh that runs the remote command here and logs as the real one does. */
export const fakeSsh = `#!/bin/sh
# What opens a shared connection speaks on stderr.
log=
printf '%s\\0' "$@" >> "$FAKE_SSH_ARGS"
case "$FAKE_SSH $*" in
refused*) ;;
*ControlMaster=auto*) exit 0;;
esac
while [ "$1" != -- ]; do
  [ "$1" = -E ] && log=$2
  shift
done
shift 2
case $FAKE_SSH in
refused)
  refusal="ssh: connect to host 127.0.0.1 port 2222: Connection refused"
  if [ "$log" ]; then echo "$refusal" >> "$log"; else echo "$refusal" >&2; fi
  exit 255;;
broken) [ "$log" ] || exit 0; printf 'Authenticated to 127.0.0.1\\r\\nTimeout, server 127.0.0.1 not responding.\\r\\n' >> "$log"; exit 255;;
killed) kill -KILL $$;;
wait) trap 'echo "Killed by signal 2." >> "$log"; kill $!; exit 255' INT; sleep 20 & echo waiting; wait; exit 3;;
esac
[ -z "$log" ] || echo "Authenticated to 127.0.0.1" >> "$log"
if [ $# = 0 ]; then sh -s; else sh -c "$(printf %s "$1" | sed "s,/run/banger/busybox,busybox,g; s,/run/banger/run,\${FAKE_RUN:-/run/banger/run},g; s,/root/repo,\${FAKE_REPOSITORY:-/root/repo},g")"; fi
status=$?
[ -z "$log" ] || echo "debug1: Exit status $status" >> "$log"
exit $status
`;
