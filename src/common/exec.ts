import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cancelled, onAbort } from './abort.ts';
import { BangerError, getSystemCode } from './errors.ts';
import { findProgram } from './find-program.ts';
import { notInstalled } from './host-programs.ts';
import { lastLines } from './text.ts';

/** A program to run and how long it may take. Arguments are given as they are: there is no shell. */
export interface Command {
  file: string;
  args: readonly string[];
  /** Milliseconds; the program is killed when they have passed. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  cwd?: string | undefined;
  /** The whole environment; the daemon's own where absent. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds that the program has to clean up after it was asked to end; 2,000 where absent. */
  graceMs?: number | undefined;
  /**
   * Whether the kernel kills the program when we are killed, for one that would otherwise go on with what the next
   * daemon is about to remove.
   */
  endsWithParent?: boolean | undefined;
  /** The most private memory of the program and of each that it starts, in bytes: RLIMIT_DATA of setrlimit(2). */
  maxMemoryBytes?: number | undefined;
}

export interface Outcome {
  stdout: string;
  stderr: string;
  /** The exit status, or 128 plus the number of the signal that ended the program. */
  status: number;
}

/** How much of a program's output is kept; the rest is read and dropped. */
const keptOutput = 4 * 1024 * 1024;
/** How long a program that was killed has; longer than that the kernel waits for a device or a file system. */
const killedMs = 5_000;
/** How long a program that was asked to end has before it is killed, unless it is given another grace. */
const defaultGraceMs = 2_000;

/**
 * Runs a program to its end and gives its output, whatever its status.
 * @param command with `output`, what the program prints goes there byte by byte and is not kept; with `channels`, what it
 *   writes to the descriptors from 3 on goes there, one each
 * @throws HostNotReady if the program is not installed, Timeout, Cancelled
 */
export async function execute(
  command: Command & {
    input?: string | Buffer | Readable | undefined;
    output?: Writable | undefined;
    channels?: readonly Writable[] | undefined;
    onStderr?: (text: string) => void;
  },
): Promise<Outcome> {
  const { channels = [] } = command;
  const input = command.input === undefined ? 'ignore' : 'pipe';
  const child = start(command, { stdio: [input, 'pipe', 'pipe', ...channels.map(() => 'pipe' as const)] });
  const stdout = command.output ? () => '' : collect(child.stdout);
  const stderr = collect(child.stderr, command.onStderr);
  const [status] = await Promise.all([
    ended(child, command),
    feed(child.stdin, command.input),
    drain(child.stdout, command.output),
    ...channels.map((channel, index) => drain(child.stdio[3 + index] as Readable, channel)),
  ]);
  return { stdout: stdout(), stderr: stderr(), status };
}

/**
 * Runs a program that must succeed and gives its standard output.
 * @throws CommandFailed with the end of what it wrote to stderr, and what `execute` throws
 */
export async function run(
  command: Command & { input?: string | Buffer | Readable | undefined; onStderr?: (text: string) => void },
): Promise<string> {
  const outcome = await execute(command);
  if (outcome.status !== 0) throw commandFailed(command, outcome.status, outcome.stderr);
  return outcome.stdout;
}

/**
 * Runs programs joined by pipes, as a shell's `a | b` with pipefail.
 * @throws CommandFailed naming the first program that failed, and what `execute` throws
 */
export async function runPipeline(
  commands: readonly (Command & { onStderr?: (text: string) => void })[],
): Promise<void> {
  const abort = new AbortController();
  const children = commands.map((command, index) => {
    const signal = command.signal ? AbortSignal.any([command.signal, abort.signal]) : abort.signal;
    const child = start(command, { stdio: [index === 0 ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    return { command: { ...command, signal }, child, stderr: collect(child.stderr, command.onStderr) };
  });
  const joins = children.slice(1).map(({ child }, index) => {
    const upstream = children[index]?.child.stdout;
    // A broken pipe is the symptom of a program that failed; its own status tells the cause.
    return upstream && child.stdin ? pipeline(upstream, child.stdin).catch(() => undefined) : undefined;
  });
  children.at(-1)?.child.stdout?.resume();
  let cause: unknown;
  await Promise.all([
    ...joins,
    ...children.map(async ({ command, child, stderr }) => {
      try {
        const status = await ended(child, command);
        if (status !== 0) throw commandFailed(command, status, stderr());
      } catch (error) {
        cause ??= error;
        abort.abort();
      }
    }),
  ]);
  if (cause !== undefined) throw cause;
}

function start(command: Command, options: SpawnOptions): ChildProcess {
  const { file, args } = bounded(
    command.endsWithParent ? endsWithParent(command) : command,
    command.maxMemoryBytes,
  );
  return spawn(file, args, {
    ...options,
    cwd: command.cwd,
    env: withSystemPrograms(command.env ?? process.env),
  });
}

/** setpriv(1) becomes the program, so its pid, its signals and its status are the program's. */
function endsWithParent({ file, args }: Command): Pick<Command, 'file' | 'args'> {
  // setpriv would say it in its own way.
  if (!findProgram(file)) throw notInstalled(file);
  return { file: 'setpriv', args: ['--pdeathsig', 'KILL', '--', file, ...args] };
}

/** prlimit(1) becomes the program, too. */
function bounded(command: Pick<Command, 'file' | 'args'>, most: number | undefined) {
  if (most === undefined) return command;
  return { file: 'prlimit', args: [`--data=${most}`, '--', command.file, ...command.args] };
}

/**
 * Debian keeps mkfs, depmod and others out of an ordinary user's PATH. What is relative in it would be found in the
 * directory where a program runs, which may be a checkout of anybody's.
 */
function withSystemPrograms(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = (env.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(':').filter((each) => each.startsWith('/'));
  return { ...env, PATH: [...own, '/usr/sbin', '/sbin'].join(':') };
}

/** Waits for the end of a program within its deadline and ends it when that passes or the work is cancelled. */
function ended(child: ChildProcess, command: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    let reason: BangerError | undefined;
    let killer: NodeJS.Timeout | undefined;
    const end = (why: BangerError) => {
      if (reason) return;
      reason = why;
      child.kill('SIGTERM');
      killer = setTimeout(() => {
        child.kill('SIGKILL');
        killer = setTimeout(() => abandon(why), killedMs);
      }, command.graceMs ?? defaultGraceMs);
    };
    // Nobody is kept waiting for what the kernel cannot end now: a read of a file system that does not answer.
    const abandon = (why: BangerError) => {
      child.unref();
      for (const stream of child.stdio) stream?.destroy();
      settle(() => reject(why));
    };
    const deadline = setTimeout(
      () =>
        end(new BangerError('Timeout', `${command.file} did not end within ${command.timeoutMs / 1000} s`)),
      command.timeoutMs,
    );
    const settle = (finish: () => void) => {
      clearTimeout(deadline);
      clearTimeout(killer);
      cancellation[Symbol.dispose]();
      finish();
    };
    child.on('error', (error) =>
      settle(() => reject(getSystemCode(error) === 'ENOENT' ? notInstalled(child.spawnfile, error) : error)),
    );
    child.on('close', (code, signal) =>
      settle(() => (reason ? reject(reason) : resolve(code ?? 128 + signalNumber(signal)))),
    );
    const cancellation = onAbort(command.signal, () => end(cancelled(`while ${command.file} ran`)));
  });
}

async function feed(stdin: Writable | null, input: string | Buffer | Readable | undefined): Promise<void> {
  if (!stdin || input === undefined) return;
  // A program may end without reading all of its input; its status says whether that is a failure.
  stdin.on('error', () => undefined);
  if (typeof input === 'string' || Buffer.isBuffer(input)) stdin.end(input);
  else await pipeline(input, stdin).catch(() => undefined);
}

async function drain(stdout: Readable | null, output: Writable | undefined): Promise<void> {
  // A reader that goes away breaks the program's pipe; the program's status tells.
  if (stdout && output) await pipeline(stdout, output).catch(() => undefined);
}

/** Reads a stream to its end and keeps its beginning, as the function that is returned gives it. */
export function collect(stream: Readable | null, onText?: (text: string) => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    onText?.(chunk.toString('utf8'));
    if (size < keptOutput) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function commandFailed(command: Command, status: number, stderr: string): BangerError {
  return new BangerError('CommandFailed', `${command.file} failed with status ${status}`, {
    details: lastLines(stderr, 5, 1000),
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal ? constants.signals[signal] : 0;
}
