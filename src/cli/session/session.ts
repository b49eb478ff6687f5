import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { systemCodeOf } from '../../common/errors.ts';
import { type PackedVariables, withVariables } from '../../common/guest-variables.ts';
import { notInstalled } from '../../common/host-programs.ts';
import type { Interrupts } from '../interrupts.ts';
import { sshArguments } from './arguments.ts';
import { PrivateLog } from './log.ts';
import { ambiguousStatus, outcomeOf, SessionLost } from './outcome.ts';
import type { GuestAccess } from './remote.ts';
import { listenerAt, sharedConnection } from './shared.ts';
import { savedTerminal } from './tty.ts';

/** What commands that pass on a status of the guest say when it was banger that failed. */
export const ownFailureStatus = 125;
/** A shared connection's process that has not said hello for so long does not run; the guest has no part in it. */
const helloMs = 10_000;

/** A request of a session to a shared connection is one packet, of at most 256 KiB (CHANNEL_MUX_MAX_PACKET). */
const maxSharedBytes = 224 * 1024;

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** It was ended by us before it had begun a session. */
  stuck: boolean;
}

/** What runs in the guest. */
export interface Remote {
  /** A shell where absent. */
  command: string | undefined;
  /** Variables for it, of which `guestCommand` was told. */
  variables?: PackedVariables;
}

/** Whether a session has a terminal unless told otherwise: both where it reads and where it writes. */
export function hasTerminal(): boolean {
  return isatty(0) && isatty(1);
}

/**
 * Runs ssh on our own stdin, stdout and stderr to its end and gives the status of what ran in the guest.
 * Signals that we get meanwhile are passed on to it.
 * @param tty whether it gets a terminal; where absent, if there is one
 * @throws SessionLost, HostNotReady if there is no ssh, Cancelled while it connects
 */
export async function runSession(
  access: GuestAccess,
  { command, variables = {} }: Remote,
  interrupts: Interrupts,
  tty = hasTerminal(),
): Promise<number> {
  const shared = canShare(tty, command, variables)
    ? await sharedConnection(access, hasTerminal(), interrupts.signal)
    : undefined;
  using log = new PrivateLog();
  const restore = tty ? await savedTerminal() : undefined;
  const run = (socket: string | undefined, isStuck: () => boolean) =>
    runSsh(
      sshArguments(
        access,
        log.path,
        { tty, shared: socket, variables: Object.keys(variables).length > 0 },
        command,
      ),
      { tty, env: withVariables(process.env, variables) },
      interrupts,
      isStuck,
    );
  let ended = await run(shared, () => shared !== undefined && !log.read().includes('master version'));
  if (ended.stuck) ended = await run(undefined, () => false);
  const stillShared =
    shared !== undefined && ended.code === ambiguousStatus && (await listenerAt(shared)) === 'there';
  if (ended.signal !== null) await restore?.();
  const outcome = outcomeOf(ended.code, ended.signal, log.read(), stillShared);
  if (outcome.kind === 'exited') return outcome.status;
  throw new SessionLost(outcome.reason, outcome.connected);
}

/**
 * Whether a session may go over a shared connection. There, OpenSSH sets a guest's terminal to nothing at all,
 * without line ends and signals, where there is none here that it could be like, and takes no long requests.
 */
function canShare(tty: boolean, command: string | undefined, variables: PackedVariables): boolean {
  const length = [command ?? '', ...Object.values(variables)].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    0,
  );
  return (!tty || isatty(0)) && length <= maxSharedBytes;
}

/**
 * @param tty whether the guest's program has a terminal; then all it says comes on stdout, and stderr has only
 * ssh's own word that a shared connection, which goes on, was closed
 * @param isStuck asked once, after a while: whether to end it as one that will not begin
 */
function runSsh(
  args: string[],
  { tty, env }: { tty: boolean; env: NodeJS.ProcessEnv },
  interrupts: Interrupts,
  isStuck: () => boolean,
): Promise<Ended> {
  const child = spawn('ssh', args, { env, stdio: ['inherit', 'inherit', tty ? 'ignore' : 'inherit'] });
  let stuck = false;
  const timer = setTimeout(() => {
    stuck = isStuck();
    if (stuck) child.kill('SIGKILL');
  }, helloMs);
  return interrupts.passTo(
    (signal) => child.kill(signal),
    () =>
      new Promise<Ended>((resolve, reject) => {
        child.on('error', (error) =>
          reject(systemCodeOf(error) === 'ENOENT' ? notInstalled('ssh', error) : error),
        );
        child.on('exit', (code, signal) => resolve({ code, signal, stuck }));
      }).finally(() => clearTimeout(timer)),
  );
}
