import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { onAbort } from '../../common/abort.ts';
import { BangerError } from '../../common/errors.ts';
import { notInstalled } from '../../common/host-programs.ts';
import { guestCommand } from '../../ssh/guest-command.ts';
import { sessionEnvironment } from '../../ssh/guest-variables.ts';
import type { GuestAccess } from '../session/access.ts';
import { sshArguments } from '../session/arguments.ts';
import { PrivateLog } from '../session/log.ts';
import { parseOutcome, SessionLost } from '../session/outcome.ts';
import { listenerAt, sharedConnection } from '../session/shared.ts';

/** What a script in a guest ended with. */
export interface ScriptEnd {
  status: number;
  /** The lines that it wrote to stderr. */
  said: string[];
}

/** A script that runs in a guest, with its streams. */
export interface GuestScript {
  input: Writable;
  output: Readable;
  /** @throws SessionLost, Cancelled */
  ended: Promise<ScriptEnd>;
  /** Ends it before its time. */
  end(): void;
}

/** A guest that an older banger started does not have the program that copies need. */
export const olderGuest = {
  status: 67,
  /** The line of a script that ends it with this status there. */
  check: 'case $(/run/banger/sync pack 2>&1) in *pack*) ;; *) exit 67 ;; esac',
  error: () =>
    new BangerError('NotSupported', 'an older banger started this VM', {
      remedy: 'restart it with `banger vm restart`, and copy again',
    }),
};

/** How much a guest can tell; the rest is dropped. */
const keptOfStderr = 256 * 1024;

/**
 * Starts a script of banger's own in a guest.
 * @throws SessionLost, HostNotReady, Cancelled
 */
export async function startScript(
  access: GuestAccess,
  script: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<GuestScript> {
  const shared = await sharedConnection(access, false, signal);
  const command = guestCommand(['sh', '-c', script, 'sh', ...args]);
  const log = new PrivateLog();
  const shape = { tty: false, shared };
  const child = spawn('ssh', sshArguments(access, log.path, shape, command), {
    env: sessionEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
    // A Ctrl-C on the terminal is for us, who then end it.
    detached: true,
  });
  // An end of the guest that comes early is told by how the script ended.
  for (const stream of [child.stdin, child.stdout]) stream.on('error', () => undefined);
  const end = () => void child.kill('SIGTERM');
  const cancellation = onAbort(signal, end);
  const ended = endOf(child, shared, log, signal).finally(() => {
    cancellation[Symbol.dispose]();
    log[Symbol.dispose]();
  });
  ended.catch(() => undefined);
  return { input: child.stdin, output: child.stdout, ended, end };
}

async function endOf(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  shared: string | undefined,
  log: PrivateLog,
  signal: AbortSignal,
): Promise<ScriptEnd> {
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < keptOfStderr) stderr += chunk.toString();
  });
  const [code, killed] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', (error) => reject(notInstalled('ssh', error)));
    child.on('close', (...how) => resolve(how));
  });
  if (signal.aborted)
    throw new BangerError('Cancelled', 'interrupted', { remedy: 'what was copied whole stays' });
  const stillShared = shared !== undefined && (await listenerAt(shared)) === 'there';
  const outcome = parseOutcome(code, killed, log.read(), stillShared);
  if (outcome.kind === 'lost') throw new SessionLost(outcome.reason, outcome.connected);
  return { status: outcome.status, said: stderr.split('\n').filter((line) => line.trim() !== '') };
}
