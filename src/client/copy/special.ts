import { spawn } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { onAbort } from '../../common/abort.ts';
import { BangerError } from '../../common/errors.ts';
import type { Entry } from '../../tar/read.ts';
import { copyProgram } from '../installation.ts';
import type { Copy } from './copy.ts';
import { untilProgramEnds } from './program.ts';

/**
 * Writes the contents of a file into a device or a named pipe of this host. What cannot be written is reported.
 * @throws TarError if the contents break off
 */
export async function writeInto(copy: Copy, path: string, entry: Entry): Promise<void> {
  if (entry.kind !== 'file') {
    copy.problem(`${path}: only the contents of a file can be written into it`);
    return;
  }
  const child = spawn(copyProgram(), ['into', path], { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  using _cancellation = onAbort(copy.signal, () => void child.kill('SIGTERM'));
  const ended = untilProgramEnds(child);
  let broken: unknown;
  const contents = async function* () {
    try {
      for await (const piece of entry.contents()) {
        copy.onBytes(piece.length);
        yield piece;
      }
    } catch (error) {
      broken = error;
    }
  };
  // A program that takes no more says by itself why.
  await pipeline(contents(), child.stdin).catch(() => undefined);
  const { status, said } = await ended;
  if (copy.signal.aborted) throw new BangerError('Cancelled', 'interrupted');
  if (broken !== undefined) throw broken;
  if (status === 0) return;
  for (const line of said.length > 0 ? said : [`${path}: it could not be written`]) copy.problem(line);
}
