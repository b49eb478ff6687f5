import type { Readable } from 'node:stream';
import { BangerError } from '../common/errors.ts';
import { execute, type Outcome } from '../common/exec.ts';
import { guestCommand, type SshConnection, sshOptions } from '../common/ssh.ts';
import { printable } from '../common/text.ts';

/** Runs commands in a guest, for banger itself: without a terminal, their output kept. */
export interface GuestShell {
  /**
   * Runs a program to its end, whatever its status.
   * @param argv given as they are: no shell of the guest reads them
   * @param options `input` is sent to its standard input, which is then closed; without it there is none
   * @throws GuestUnreachable if ssh fails, Timeout, Cancelled, InvalidArgs
   */
  execute(
    argv: readonly string[],
    options: {
      input?: Readable | Buffer | string | undefined;
      cwd?: string | undefined;
      timeoutMs: number;
      signal?: AbortSignal | undefined;
    },
  ): Promise<Outcome>;
}

/** What ssh's status is for its own failures. A guest's command that ends with it is taken for one. */
const sshFailed = 255;

/** Runs commands in a guest with the system's ssh client. */
export function guestShell(connection: SshConnection): GuestShell {
  return {
    async execute(argv, { input, cwd, timeoutMs, signal }) {
      const command = guestCommand(argv, { cwd });
      const args = [...sshOptions(connection, true), '-T', '--', connection.host, command];
      const outcome = await execute({ file: 'ssh', args, input, timeoutMs, signal });
      if (outcome.status === sshFailed) throw unreachable(outcome.stderr);
      return outcome;
    },
  };
}

function unreachable(stderr: string): BangerError {
  const said = printable(stderr.trim().split('\n').at(-1) ?? '', 500);
  return new BangerError('GuestUnreachable', `ssh to the guest failed${said ? `: ${said}` : ''}`);
}
