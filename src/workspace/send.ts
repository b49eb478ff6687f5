import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, Readable, Transform } from 'node:stream';
import { BangerError } from '../common/errors.ts';
import { execute } from '../common/exec.ts';
import { lastLines } from '../common/text.ts';
import type { Work } from '../common/work.ts';
import { tarForGuests } from '../tar/for-guests.ts';
import type { Staging } from './staging.ts';
import { endMark, joinNul, type Target } from './target.ts';

/** The longest copy; one that stands still is given up much earlier. */
const copyMs = 6 * 60 * 60_000;
const standstillMs = 5 * 60_000;
/** How many names of files a message can hold. */
const namedFiles = 10;

/** What became of the files on their way. */
export interface Sent {
  /** Files that vanished meanwhile or cannot be read; the first of them by name. */
  skipped: { count: number; names: string[] };
  /** Files that were written to while they were read, and may be of two states. */
  changed: number;
}

/**
 * Streams the git directory and files of the work tree to the guest as one tar archive.
 * @param bytes about how many there are, for the progress
 * @throws CommandFailed, Timeout (nothing moves), and what the shell throws
 */
export async function sendFiles(
  target: Target,
  source: { staging: Staging; paths: readonly Buffer[]; bytes: number },
  work: Work,
): Promise<Sent> {
  const { staging, paths, bytes } = source;
  const end = join(staging.directory, 'end');
  await mkdir(join(end, dirname(endMark)), { recursive: true });
  await writeFile(join(end, endMark), '');
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const archive = new PassThrough();
  const watched = archive.pipe(watch(bytes, work, stop));
  const list = paths.length > 0 ? Readable.from([joinNul(paths)]) : Readable.from([]);
  for (const stream of [archive, watched]) stream.on('error', () => undefined);
  // What fails first is the cause; the other end only sees the stream break off.
  let cause: unknown;
  const noted = (error: unknown) => {
    cause ??= error;
    // A guest that stopped reading would leave tar with a full pipe.
    archive.destroy();
  };
  const packing = execute({
    file: 'tar',
    args: tarArguments(staging.directory, staging.root, end),
    env: { ...process.env, LC_ALL: 'C', TAR_OPTIONS: '' },
    timeoutMs: copyMs,
    signal,
    input: list,
    output: archive,
    tied: true,
  }).then(readOutcome);
  const unpacking = target.extract(watched, copyMs, signal).then(() => {
    // The archive's padding is of no interest to some versions of tar.
    archive.unpipe(watched);
    archive.resume();
  });
  const [sent] = await Promise.all([packing.catch(noted), unpacking.catch(noted)]);
  clearTimeout(watched.timer);
  if (stop.signal.reason instanceof BangerError) throw stop.signal.reason;
  if (!sent || cause !== undefined) throw cause;
  return sent;
}

function tarArguments(gitParent: string, root: string, end: string): string[] {
  return [
    ...tarForGuests,
    '--hard-dereference',
    '--ignore-failed-read',
    `--directory=${gitParent}`,
    '.git',
    `--directory=${root}`,
    '--no-recursion',
    '--null',
    '--verbatim-files-from',
    '--no-unquote',
    '--files-from=-',
    `--directory=${end}`,
    endMark,
  ];
}

function readOutcome({ status, stderr }: { status: number; stderr: string }): Sent {
  // 1 means that some files changed while they were read.
  if (status > 1) {
    const said = lastLines(stderr, 3, 500);
    throw new BangerError('CommandFailed', `tar failed with status ${status}: ${said}`);
  }
  const skipped = new Set<string>();
  const changed = new Set<string>();
  for (const line of stderr.split('\n')) {
    const lost = /^tar: (.*?): (?:Warning: (?:Cannot|Unable)|File removed before we read it)/.exec(line);
    const other = /^tar: (.*?): (?:file changed as we read it|File shrank)/.exec(line);
    if (lost?.[1] !== undefined) skipped.add(lost[1]);
    else if (other?.[1] !== undefined) changed.add(other[1]);
  }
  return {
    skipped: { count: skipped.size, names: [...skipped].slice(0, namedFiles) },
    changed: changed.size,
  };
}

/** Passes data on, tells how far it is, and gives up when nothing moves. */
function watch(
  bytes: number,
  work: Work,
  stop: AbortController,
): Transform & { readonly timer: NodeJS.Timeout } {
  let passed = 0;
  let told = 0;
  const timer = setTimeout(
    () =>
      stop.abort(
        new BangerError('Timeout', `the guest took nothing of the workspace for ${standstillMs / 1000} s`),
      ),
    standstillMs,
  );
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      timer.refresh();
      passed += chunk.length;
      const progress = Math.min(passed / Math.max(bytes, 1), 1);
      if (progress >= told + 0.01) {
        told = progress;
        work.stage('workspace-copy', progress);
      }
      done(null, chunk);
    },
  });
  return Object.assign(stream, { timer });
}
