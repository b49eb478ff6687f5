import { Transform } from 'node:stream';
import { BangerError } from '../common/errors.ts';
import type { Replies } from '../reader/protocol.ts';
import type { Reader } from '../reader/reader.ts';
import type { Work } from '../work/work.ts';
import { endMark, type Target } from './target.ts';

/** The longest copy; one that stands still is given up much earlier. */
const copyMs = 6 * 60 * 60_000;
const standstillMs = 5 * 60_000;

/**
 * Streams the git directory and files of the work tree to the guest as one tar archive.
 * @param reader has read the checkout
 * @param bytes about how many there are, for the progress
 * @throws CommandFailed, Timeout (nothing moves), and what the shell throws
 */
export async function sendArchive(
  target: Target,
  reader: Reader,
  bytes: number,
  work: Work,
): Promise<Replies['archive']> {
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const { archive } = reader;
  const watched = archive.pipe(watch(bytes, work, stop));
  for (const stream of [archive, watched]) stream.on('error', () => undefined);
  // What fails first is the cause; the other end only sees the stream break off.
  let cause: unknown;
  const noted = (error: unknown) => {
    cause ??= error;
    // A guest that stopped reading would leave the reader with a full pipe.
    archive.destroy();
  };
  const packing = reader.ask({ act: 'archive', mark: endMark }, { timeoutMs: copyMs, signal });
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
