import type { StreamShell } from './shell.ts';

/** What became of the request to install a workspace's tools. */
export type Bootstrap = 'started' | 'not-configured' | 'no-mise' | 'failed';

const notConfigured = 80;
const withoutMise = 81;

/**
 * Starts mise such that it outlives the connection. `$1` is the workspace.
 *
 * A session of its own is enough for that: sshd's unit ends sshd alone. systemd-run would keep the user
 * waiting, because the guest is usable some seconds before its systemd has settled.
 */
const startScript = `
cd "$1" || exit 1
[ -e mise.toml ] || [ -e .mise.toml ] || [ -e .tool-versions ] || exit ${notConfigured}
PATH="$PATH:/usr/local/bin:$HOME/.local/bin"
export PATH
command -v mise >/dev/null || exit ${withoutMise}
umask 077
logs="$HOME/.cache/banger"
mkdir -p "$logs" && chmod 700 "$logs" || exit 1
log="$logs/mise-bootstrap.log"
: >"$log" && chmod 600 "$log" || exit 1
script='umask 022
exec >>"$1" 2>&1 </dev/null
cd "$2" || exit 1
export MISE_YES=1
for file in mise.toml .mise.toml; do
  [ ! -e "$file" ] || mise trust "$file"
done
mise install
status=$?
echo "mise install ended with status $status"
exit $status'
command -v setsid >/dev/null && set -- setsid sh || set -- nohup sh
"$@" -c "$script" sh "$log" "$PWD" </dev/null >/dev/null 2>&1 &
`;

/**
 * Starts the installation of the tools that a workspace asks for in `mise.toml`, `.mise.toml` or
 * `.tool-versions`, in the background of the guest. It logs to `/root/.cache/banger/mise-bootstrap.log`.
 * Never throws: a sandbox without its tools is still a sandbox.
 */
export async function startBootstrap(
  shell: StreamShell,
  guestPath: string,
  signal: AbortSignal,
): Promise<Bootstrap> {
  const argv = ['sh', '-c', startScript, 'sh', guestPath];
  const outcome = await shell.execute(argv, { timeoutMs: 60_000, signal }).catch(() => undefined);
  if (outcome?.status === 0) return 'started';
  if (outcome?.status === notConfigured) return 'not-configured';
  return outcome?.status === withoutMise ? 'no-mise' : 'failed';
}
