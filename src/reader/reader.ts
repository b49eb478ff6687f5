import { existsSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { onAbort } from '../common/abort.ts';
import { BangerError } from '../common/errors.ts';
import { execute, type Outcome } from '../common/exec.ts';
import { requirePrograms } from '../common/host-programs.ts';
import { noDebugger } from '../common/program.ts';
import { lastLines } from '../common/text.ts';
import type { Answer, CheckoutSource, Replies, Request } from './protocol.ts';

/** What the program and each git that it runs may have of private memory; checkouts of 500,000 files take a third. */
const maxMemoryBytes = 1.5 * 1024 ** 3;
const heapMiB = 1024;

/** What ends the program if none of its questions' deadlines does. */
const lifetimeMs = 24 * 60 * 60_000;
/** How long the program may take to end after its last question. */
const closeMs = 2_000;
/** An answer is short; what is longer is none of the program's. */
const maxAnswerLength = 4 * 1024 * 1024;

/** Answers what is asked of one checkout, one thing after the other. */
export interface Reader {
  /** What is written when the archive is asked for; it ends with that. */
  readonly archive: Readable;
  /** Asks one thing. When that fails there is nothing more to ask. @throws what is reported, Timeout, Cancelled */
  ask<Act extends Request['act']>(
    request: Request & { act: Act },
    options: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Replies[Act]>;
  /** Ends it, and waits for that. */
  close(): Promise<void>;
}

/**
 * The program that reads a checkout. A checkout may be hostile or on a file system that stands still, so it is read by a
 * process of its own, which has a bound of memory and is killed at a question's deadline, when it is cancelled, and when we
 * are. It starts with the first question and answers one after the other; who has it closes it.
 */
export class CheckoutReader implements Reader {
  readonly archive = new PassThrough();
  readonly #requests = new PassThrough();
  readonly #answers = new Answers();
  readonly #stop = new AbortController();
  readonly #ended: Promise<Outcome>;
  #late: BangerError | undefined;

  /** @throws HostNotReady if a program is missing */
  constructor() {
    requirePrograms('git', 'prlimit', 'setpriv');
    this.archive.on('error', () => undefined);
    this.#ended = execute({
      file: process.execPath,
      args: [noDebugger, `--max-old-space-size=${heapMiB}`, program()],
      env: { ...process.env, NODE_OPTIONS: '', ...compileCache() },
      input: this.#requests,
      // In the order of their descriptors.
      channels: [this.#answers, this.archive],
      endsWithParent: true,
      maxMemoryBytes,
      timeoutMs: lifetimeMs,
      signal: this.#stop.signal,
    });
    this.#ended.catch(() => undefined);
  }

  /**
   * Asks the program one thing. When that fails the program is of no more use but to be closed.
   * @throws what the program reports, Timeout, Cancelled, CommandFailed if it ended in another way
   */
  async ask<Act extends Request['act']>(
    request: Request & { act: Act },
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Replies[Act]> {
    const deadline = setTimeout(() => {
      this.#late = late(timeoutMs);
      this.#stop.abort();
    }, timeoutMs);
    using _cancellation = onAbort(signal, () => this.#stop.abort());
    try {
      this.#requests.write(`${JSON.stringify(request)}\n`);
      const answer = JSON.parse(await Promise.race([this.#answers.next(), this.#end()])) as Answer<Act>;
      if ('reply' in answer) return answer.reply;
      const { code, problem, remedy } = answer.failure;
      throw new BangerError(code, problem, { remedy });
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Ends the program, and waits for that. */
  async close(): Promise<void> {
    // An archive that nobody read would keep it.
    this.archive.destroy();
    this.#requests.end();
    const kill = setTimeout(() => this.#stop.abort(), closeMs);
    await this.#ended.catch(() => undefined);
    clearTimeout(kill);
  }

  /** Waits for an end of the program that comes before its answer. @throws always */
  async #end(): Promise<never> {
    const outcome = await this.#ended.catch((error: unknown) => {
      throw this.#late ?? error;
    });
    throw endedEarly(outcome);
  }
}

/** Finds out whether a checkout can be read, by a program of its own. @throws what `CheckoutReader` throws */
export async function checkCheckout(
  source: CheckoutSource,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const reader = new CheckoutReader();
  try {
    await reader.ask({ act: 'check', ...source }, options);
  } finally {
    await reader.close();
  }
}

/** Takes the program's answers apart, a line each. */
class Answers extends Writable {
  #rest = '';
  #waiting = Promise.withResolvers<string>();

  /** The next answer; asked for by one at a time. */
  async next(): Promise<string> {
    const line = await this.#waiting.promise;
    this.#waiting = Promise.withResolvers<string>();
    return line;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#rest += chunk.toString('latin1');
    const end = this.#rest.indexOf('\n');
    if (end < 0) {
      done(this.#rest.length > maxAnswerLength ? new Error('the answer is too long') : undefined);
      return;
    }
    this.#waiting.resolve(Buffer.from(this.#rest.slice(0, end), 'latin1').toString('utf8'));
    this.#rest = this.#rest.slice(end + 1);
    done();
  }
}

/** Finds where our own compiled code is kept, if it is, that of the program is, too; Node adds a directory for its version. */
function compileCache(): NodeJS.ProcessEnv {
  const directory = getCompileCacheDir();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) };
}

/** A bundle beside ours, or in a checkout its source. */
function program(): string {
  const bundle = join(import.meta.dirname, 'checkout.cjs');
  if (existsSync(bundle)) return bundle;
  const source = join(import.meta.dirname, '../checkout/main.ts');
  if (existsSync(source)) return source;
  throw new BangerError(
    'HostNotReady',
    `the program that reads checkouts is missing in ${import.meta.dirname}`,
    { remedy: 'if banger was upgraded, run `banger daemon stop` and try again' },
  );
}

function late(timeoutMs: number): BangerError {
  return new BangerError('Timeout', `reading the checkout took longer than ${timeoutMs / 1000} s`, {
    remedy: 'look in it for named pipes (`find . -type p`), and for a file system that does not answer',
  });
}

function endedEarly({ status, stderr }: Outcome): BangerError {
  return new BangerError('CommandFailed', `the program that reads checkouts ended with status ${status}`, {
    details: lastLines(stderr, 3, 500),
    remedy: 'clone the repository and give the clone, or run `git fsck` there if it is your own',
  });
}
