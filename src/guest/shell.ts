import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError, throwIfCancelled } from '../common/errors.ts';
import { execute, type Outcome } from '../common/exec.ts';
import { fileValue, guestCommand, type SshConnection, sshOptions } from '../common/ssh.ts';
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
/** A handshake takes a second of an emulated guest's time, and more of a busy one's. */
const connectTimeoutMs = 60_000;
const pollMs = 10;
const keptOfStderr = 4_096;

/**
 * Gives a body a shell in a guest. All its commands go over one connection, because a handshake is what
 * costs most in an emulated guest; it is closed when the body ends.
 * @param controlPath where the connection's socket is to be, in a private directory
 * @throws GuestUnreachable, Timeout, Cancelled, and what the body throws
 */
export async function withGuestShell<Result>(
  connection: SshConnection,
  controlPath: string,
  signal: AbortSignal,
  body: (shell: GuestShell) => Promise<Result>,
): Promise<Result> {
  // What comes first wins over what sshOptions says.
  const options = ['-o', `ControlPath=${fileValue(controlPath)}`, ...sshOptions(connection, true)];
  const args = ['-o', 'ControlMaster=yes', ...options, '-N', '--', connection.host];
  const master = spawn('ssh', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await connected(master, controlPath, signal);
    return await body({
      async execute(argv, { input, cwd, ...limits }) {
        const command = guestCommand(argv, { cwd });
        const ssh = [...options, '-T', '--', connection.host, command];
        const outcome = await execute({ file: 'ssh', args: ssh, input, ...limits });
        if (outcome.status === sshFailed) throw unreachable(outcome.stderr);
        return outcome;
      },
    });
  } finally {
    await end(master);
    await rm(controlPath, { force: true });
  }
}

/** Waits for the control socket: ssh makes it when the guest has let it in. */
async function connected(master: ChildProcess, controlPath: string, signal: AbortSignal): Promise<void> {
  let stderr = '';
  let failure: Error | undefined;
  master.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < keptOfStderr) stderr += chunk.toString('utf8');
  });
  master.on('error', (error) => {
    failure = new BangerError('HostNotReady', `ssh cannot be run: ${error.message}; install openssh-client`);
  });
  const deadline = performance.now() + connectTimeoutMs;
  while (!existsSync(controlPath)) {
    throwIfCancelled(signal);
    if (failure) throw failure;
    if (master.exitCode !== null || master.signalCode !== null) throw unreachable(stderr);
    if (performance.now() > deadline) {
      throw new BangerError('Timeout', `the guest did not let ssh in within ${connectTimeoutMs / 1000} s`);
    }
    await sleep(pollMs);
  }
}

async function end(master: ChildProcess): Promise<void> {
  if (master.pid === undefined || master.exitCode !== null || master.signalCode !== null) return;
  const exited = once(master, 'exit');
  master.kill('SIGTERM');
  await exited;
}

function unreachable(stderr: string): BangerError {
  const said = printable(stderr.trim().split('\n').at(-1) ?? '', 500);
  return new BangerError('GuestUnreachable', `ssh to the guest failed${said ? `: ${said}` : ''}`);
}
