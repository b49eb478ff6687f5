import { type IOType, spawn } from 'node:child_process';
import type { Stream } from 'node:stream';
import { getSystemCode } from '../../common/errors.ts';
import { notInstalled } from '../../common/host-programs.ts';
import { type PackedVariables, sessionEnvironment } from '../../ssh/guest-variables.ts';
import type { GuestAccess } from './access.ts';
import { sshArguments } from './arguments.ts';
import { PrivateLog } from './log.ts';
import { ambiguousStatus, parseOutcome, SessionLost } from './outcome.ts';
import { listenerAt, sharedConnection } from './shared.ts';

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
  /** As of `SessionShape`. */
  readsStartFiles?: boolean;
}

/** What a session reads from or writes to, as `spawn` takes it. */
type SessionStream = IOType | Stream | number;

/** What a session has on our side. */
export interface SessionOptions {
  stdin: SessionStream;
  stdout: SessionStream;
  stderr: SessionStream;
  /** Whether the program in the guest gets a terminal. */
  tty: boolean;
  /** Whether `stdin` is a terminal. */
  readsTerminal: boolean;
  /** Whether there is a user at a terminal: to be asked for the passphrase of a key, and to leave a shell. */
  interactive: boolean;
  interrupts: SessionInterrupts;
  /** Called when a signal ended ssh, which then left its terminal as it was in the session. */
  onKilled?: (() => Promise<void>) | undefined;
}

/** Who wants the session to end. */
export interface SessionInterrupts {
  /** Aborted to end what comes before the session. */
  readonly signal: AbortSignal;
  /** Has a receiver told of each signal for the guest's program for as long as the work takes. */
  passTo<T>(receiver: (signal: NodeJS.Signals) => void, work: () => Promise<T>): Promise<T>;
}

/**
 * Runs ssh on the given streams to its end and gives the status of what ran in the guest.
 * @throws SessionLost, HostNotReady if there is no ssh, Cancelled while it connects
 */
export async function runSession(
  access: GuestAccess,
  { command, variables = {}, readsStartFiles = false }: Remote,
  options: SessionOptions,
): Promise<number> {
  const { tty, interactive, interrupts, onKilled } = options;
  const shared = canShare(options, command, variables)
    ? await sharedConnection(access, interactive, interrupts.signal)
    : undefined;
  using log = new PrivateLog();
  const run = (socket: string | undefined, isStuck: () => boolean) =>
    runSsh(
      sshArguments(
        access,
        log.path,
        { tty, shared: socket, variables: Object.keys(variables).length > 0, readsStartFiles },
        command,
      ),
      sessionEnvironment(variables),
      options,
      isStuck,
    );
  let ended = await run(shared, () => shared !== undefined && !log.read().includes('master version'));
  if (ended.stuck) ended = await run(undefined, () => false);
  const stillShared =
    shared !== undefined && ended.code === ambiguousStatus && (await listenerAt(shared)) === 'there';
  if (ended.signal !== null) await onKilled?.();
  const outcome = parseOutcome(ended.code, ended.signal, log.read(), stillShared);
  if (outcome.kind === 'exited') return outcome.status;
  throw new SessionLost(outcome.reason, outcome.connected);
}

/**
 * Checks whether a session may go over a shared connection. There, OpenSSH sets a guest's terminal to nothing at all,
 * without line ends and signals, where there is none here that it could be like, and takes no long requests.
 */
function canShare(
  { tty, readsTerminal }: SessionOptions,
  command: string | undefined,
  variables: PackedVariables,
): boolean {
  const length = [command ?? '', ...Object.values(variables)].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    0,
  );
  return (!tty || readsTerminal) && length <= maxSharedBytes;
}

/** @param isStuck asked once, after a while: whether to end it as one that will not begin */
function runSsh(
  args: string[],
  env: NodeJS.ProcessEnv,
  { tty, stdin, stdout, stderr, interrupts }: SessionOptions,
  isStuck: () => boolean,
): Promise<Ended> {
  // All that a guest's program says to a terminal comes on stdout; stderr then has only ssh's own word that a shared
  // connection, which goes on, was closed.
  const child = spawn('ssh', args, { env, stdio: [stdin, stdout, tty ? 'ignore' : stderr] });
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
          reject(getSystemCode(error) === 'ENOENT' ? notInstalled('ssh', error) : error),
        );
        child.on('exit', (code, signal) => resolve({ code, signal, stuck }));
      }).finally(() => clearTimeout(timer)),
  );
}
