import { existsSync, readFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { BangerError } from '../common/errors.ts';
import { execute, type Outcome } from '../common/exec.ts';
import { requirePrograms } from '../common/host-programs.ts';
import { noDebugger } from '../common/program.ts';
import { lastLines } from '../common/text.ts';
import { type Failure, failedStatus, type Replies, type Request, replyFile } from './protocol.ts';

/** What the program and each git that it runs may have of private memory; checkouts of 500,000 files take a third. */
const mostMemoryBytes = 1.5 * 1024 ** 3;
const heapMiB = 1024;

/**
 * Asks the program that reads checkouts. A checkout may be hostile or on a file system that stands still, so it is read
 * by a process of its own, which has a bound of memory and is killed at its deadline, when it is cancelled, and when we are.
 * @param options with `output`, what the program writes to its standard output goes there
 * @throws what the program reports, HostNotReady, Timeout, Cancelled, CommandFailed if it ended in another way
 */
export async function ask<Act extends Request['act']>(
  request: Request & { act: Act },
  options: { timeoutMs: number; signal: AbortSignal; output?: Writable },
): Promise<Replies[Act]> {
  requirePrograms('git', 'prlimit', 'setpriv');
  const outcome = await execute({
    file: process.execPath,
    args: [noDebugger, `--max-old-space-size=${heapMiB}`, program()],
    env: { ...process.env, NODE_OPTIONS: '', ...compileCache() },
    input: JSON.stringify(request),
    tied: true,
    mostMemoryBytes,
    ...options,
  }).catch((error: unknown) => {
    throw late(error, options.timeoutMs);
  });
  if (outcome.status !== 0) throw failureOf(outcome);
  return JSON.parse(readFileSync(join(request.staging, replyFile), 'utf8')) as Replies[Act];
}

/** Asks the reader of checkouts, as `ask` does. */
export type Ask = typeof ask;

/** Where our own compiled code is kept, if it is, that of the program is, too; Node adds a directory for its version. */
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
    `the program that reads checkouts is missing in ${import.meta.dirname}; if banger was upgraded meanwhile, run \`banger daemon stop\` and try again`,
  );
}

function late(error: unknown, timeoutMs: number): unknown {
  if (!(error instanceof BangerError) || error.code !== 'Timeout') return error;
  return new BangerError(
    'Timeout',
    `reading the checkout took longer than ${timeoutMs / 1000} s; look in it for named pipes (\`find . -type p\`), and for a file system that does not answer`,
    { cause: error },
  );
}

function failureOf({ status, stderr }: Outcome): BangerError {
  if (status === failedStatus) {
    const { code, message } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as Failure;
    return new BangerError(code, message);
  }
  const said = lastLines(stderr, 3, 500);
  return new BangerError(
    'CommandFailed',
    `the program that reads checkouts ended with status ${status}${said ? `: ${said}` : ''}; clone the repository and give the clone, or run \`git fsck\` there if it is your own`,
  );
}
