import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { BangerError, systemCodeOf } from '../../common/errors.ts';
import type { SshConnection } from '../../common/ssh.ts';
import type { Interrupts } from '../interrupts.ts';
import { sshArguments } from './arguments.ts';
import { PrivateLog } from './log.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { savedTerminal } from './tty.ts';

/** What commands that pass on a status of the guest say when it was banger that failed. */
export const ownFailureStatus = 125;

/** The ssh connection failed or broke, as opposed to what ran over it. */
export class SessionLost extends BangerError {
  /** Whether the guest had let us in before. */
  readonly connected: boolean;

  constructor(reason: string, connected: boolean) {
    const what = connected ? 'the connection to the VM broke' : 'the VM did not let ssh in';
    super('GuestUnreachable', `${what}: ${reason}`);
    this.connected = connected;
  }
}

/** Whether a session has a terminal: both where it reads and where it writes. */
export function hasTerminal(): boolean {
  return isatty(0) && isatty(1);
}

/**
 * Runs ssh on our own stdin, stdout and stderr to its end and gives the status of what ran in the guest.
 * Signals that we get meanwhile are passed on to it.
 * @param remoteCommand a shell where absent
 * @throws SessionLost, HostNotReady if there is no ssh
 */
export async function runSession(
  connection: SshConnection,
  remoteCommand: string | undefined,
  interrupts: Interrupts,
): Promise<number> {
  const tty = hasTerminal();
  using log = new PrivateLog();
  const restore = tty ? await savedTerminal() : undefined;
  const ended = await runSsh(sshArguments(connection, log.path, tty, remoteCommand), interrupts);
  const outcome: Outcome = outcomeOf(ended.code, ended.signal, log.read());
  if (ended.signal !== null) await restore?.();
  if (outcome.kind === 'exited') return outcome.status;
  throw new SessionLost(outcome.reason, outcome.connected);
}

function runSsh(
  args: string[],
  interrupts: Interrupts,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const child = spawn('ssh', args, { stdio: 'inherit' });
  return interrupts.passTo(
    (signal) => child.kill(signal),
    () =>
      new Promise((resolve, reject) => {
        child.on('error', (error) => reject(systemCodeOf(error) === 'ENOENT' ? noSsh(error) : error));
        child.on('exit', (code, signal) => resolve({ code, signal }));
      }),
  );
}

function noSsh(cause: Error): BangerError {
  return new BangerError('HostNotReady', 'ssh is not installed; install the package openssh-client', {
    cause,
  });
}
