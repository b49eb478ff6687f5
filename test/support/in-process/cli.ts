import { AsyncLocalStorage } from 'node:async_hooks';
import { Writable } from 'node:stream';
import { dispatch } from '../../../src/cli/dispatch.ts';
import { output } from '../../../src/cli/output/streams.ts';
import type { Ended } from '../program.ts';

/** Where a command runs: all that it takes from its process. */
interface Place {
  env: NodeJS.ProcessEnv;
  cwd?: string | undefined;
}

interface CliOptions extends Place {
  /** Milliseconds after which the test fails. */
  timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 60_000;

/** Keeps what is written to it, as a pipe to somebody who reads later. */
class Captured extends Writable {
  readonly #chunks: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

/** The streams of the command that the present callback is of. */
const streams = new AsyncLocalStorage<{ results: Captured; diagnostics: Captured }>();
for (const name of ['results', 'diagnostics'] as const) {
  const own = Object.getOwnPropertyDescriptor(output, name)?.get;
  Object.defineProperty(output, name, { get: () => streams.getStore()?.[name] ?? own?.call(output) });
}

/**
 * Runs a command of the CLI in this process to its end, because starting a process for it takes most of its time. The
 * environment and the directory are the process's: commands with the same run side by side, others one after the other.
 * What is left to processes: signals, a terminal, standard input, and ssh, which inherits the streams.
 */
export async function runCli(args: readonly string[], options: CliOptions): Promise<Ended> {
  const { timeoutMs = defaultTimeoutMs, ...place } = options;
  await enter(place);
  const late = Promise.withResolvers<never>();
  const what = `banger ${args.join(' ').slice(0, 200)}`;
  const timer = setTimeout(
    () => late.reject(new Error(`${what}: not over after ${timeoutMs} ms`)),
    timeoutMs,
  );
  const written = { results: new Captured(), diagnostics: new Captured() };
  try {
    const status = await Promise.race([streams.run(written, () => dispatch(args)), late.promise]);
    return { status, stdout: written.results.bytes, stderr: written.diagnostics.bytes.toString('utf8') };
  } finally {
    clearTimeout(timer);
    leave();
  }
}

const ours: Place = { env: { ...process.env }, cwd: process.cwd() };
let present: string | undefined;
let running = 0;
let over = Promise.withResolvers<void>();

async function enter(place: Place): Promise<void> {
  const key = JSON.stringify([place.cwd, place.env]);
  while (running > 0 && present !== key) await over.promise;
  if (running === 0) be(place);
  present = key;
  running += 1;
}

function leave(): void {
  running -= 1;
  if (running > 0) return;
  be(ours);
  over.resolve();
  over = Promise.withResolvers();
}

function be({ env, cwd }: Place): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
  if (cwd !== undefined) process.chdir(cwd);
}
