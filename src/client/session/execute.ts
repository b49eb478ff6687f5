import { execute, type Outcome } from '../../common/exec.ts';
import { guestCommand } from '../../ssh/guest-command.ts';
import { fileValue, sshOptions } from '../../ssh/options.ts';
import type { GuestAccess } from './access.ts';

/**
 * Runs a command in a guest to its end and gives its output, whatever its status; 255 may be ssh's own, which failed then.
 * Goes over the connection that sessions share, if one is open.
 * @param argv the program and its arguments: no shell reads them
 * @throws HostNotReady if there is no ssh, Timeout, Cancelled
 */
export function executeInGuest(
  access: GuestAccess,
  argv: readonly string[],
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<Outcome> {
  const { controlPath } = access;
  const shared = controlPath === undefined ? [] : ['-o', `ControlPath=${fileValue(controlPath)}`];
  const args = [...shared, ...sshOptions(access, true), '-T', '--', access.host, guestCommand(argv)];
  return execute({ file: 'ssh', args, ...options });
}
