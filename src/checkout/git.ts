import { Writable } from 'node:stream';
import { BangerError } from '../common/errors.ts';
import { execute } from '../common/exec.ts';
import { lastLines } from '../common/text.ts';

/** Git's longest single step here is packing a large history; who started us ends us, and git with us, much earlier. */
const timeoutMs = 30 * 60_000;
/** Git works with no settings of the user's or the system's. */
export const isolated = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_DEFAULT_REF_FORMAT: 'files',
} as const;

/** What git gave; the output is bytes because the names in it need not be UTF-8. */
export interface GitOutcome {
  status: number;
  stdout: Buffer;
  stderr: string;
}

/**
 * Runs git's plumbing commands such that nothing a repository's configuration names is run with them: no
 * hook, file system monitor, pager, credential helper, transport. Filters and external diffs are not run
 * by the plumbing that is called.
 */
export class Git {
  readonly #cwd: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;

  /** @param env added to a cleaned environment */
  constructor(cwd: string, env: NodeJS.ProcessEnv, signal: AbortSignal) {
    this.#cwd = cwd;
    this.#env = { ...cleanEnvironment(), ...env };
    this.#signal = signal;
  }

  /** The same with other settings of the environment. */
  with(env: NodeJS.ProcessEnv): Git {
    return new Git(this.#cwd, { ...this.#env, ...env }, this.#signal);
  }

  /** Runs git whatever its status. @throws HostNotReady if git is not installed, Timeout, Cancelled */
  async execute(args: readonly string[], input?: string | Buffer): Promise<GitOutcome> {
    const chunks: Buffer[] = [];
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const { status, stderr } = await execute({
      file: 'git',
      args,
      cwd: this.#cwd,
      env: this.#env,
      timeoutMs,
      signal: this.#signal,
      input,
      output,
      endsWithParent: true,
    });
    return { status, stdout: Buffer.concat(chunks), stderr };
  }

  /** Runs git, which must succeed, and gives its output. @throws CommandFailed */
  async run(args: readonly string[], input?: string | Buffer): Promise<Buffer> {
    const outcome = await this.execute(args, input);
    if (outcome.status !== 0) throw gitFailed(args, outcome);
    return outcome.stdout;
  }

  /** The output as text without its last newline, or nothing if git failed. */
  async text(args: readonly string[]): Promise<string | undefined> {
    const { status, stdout } = await this.execute(args);
    return status === 0 ? stdout.toString('utf8').replace(/\n$/, '') : undefined;
  }
}

/** The error for a git command that should have succeeded. */
export function gitFailed(args: readonly string[], outcome: GitOutcome): BangerError {
  return new BangerError('CommandFailed', `git ${args[0]} failed with status ${outcome.status}`, {
    details: lastLines(outcome.stderr, 5, 1000),
  });
}

/** Splits output that ends each record with a NUL. */
export function splitNul(output: Buffer): Buffer[] {
  const records: Buffer[] = [];
  let start = 0;
  for (let end = output.indexOf(0); end !== -1; end = output.indexOf(0, start)) {
    records.push(output.subarray(start, end));
    start = end + 1;
  }
  return records;
}

/** Splits output in lines without losing bytes that are not UTF-8: one character is one byte. */
export function splitLines(output: Buffer): string[] {
  return output
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
}

/** Text as its bytes in UTF-8: one character is one byte. */
export function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** A path as git reads it from a list separated by colons. */
export function quotePath(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** Settings that hold for every git, and go before those of any file. */
const settings: Readonly<Record<string, string>> = {
  'core.fsmonitor': 'false',
  'core.hooksPath': '/dev/null',
  // Larger files are passed through and not held in memory, of which there is a bound.
  'core.bigFileThreshold': '64m',
  // It names packs, and git believes the names: with slashes they are of any directory. Graphs are only for speed.
  'core.multiPackIndex': 'false',
  'core.commitGraph': 'false',
};

/** The environment by which git has our settings. @param more others beside them */
export function settingsEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const all = Object.entries({ ...settings, ...more });
  return {
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([key, value], number) => [
        [`GIT_CONFIG_KEY_${number}`, key],
        [`GIT_CONFIG_VALUE_${number}`, value],
      ]),
    ),
  };
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GIT_') && name !== 'LANGUAGE',
  );
  return {
    ...Object.fromEntries(inherited),
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    // Versions of git that do not know GIT_NO_LAZY_FETCH find no transport they may use.
    GIT_ALLOW_PROTOCOL: 'none',
    ...settingsEnvironment(),
  };
}
