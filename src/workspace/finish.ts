import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guestIndexFile, knownFile, statsFile } from '../reader/protocol.ts';
import type { Ask } from '../reader/reader.ts';
import type { Target } from './target.ts';

/** Reading and writing the index of 500,000 files. */
const indexMs = 3 * 60_000;

/**
 * Puts the workspace in its place, with an index that knows what the guest's file system says of the files that git on the
 * host knew, so that no git need read them all again; only those in doubt are compared.
 * @param staging where the checkout's reader has what it read; nothing for a source without an index
 * @throws what `ask` and the shell throw
 */
export async function finish(
  target: Target,
  staging: string | undefined,
  signal: AbortSignal,
  ask: Ask,
): Promise<void> {
  if (staging === undefined) return target.finish(undefined, false);
  const stats = await target.stat(await readFile(join(staging, knownFile)));
  await writeFile(join(staging, statsFile), stats);
  const { inDoubt } = await ask({ act: 'index', staging }, { timeoutMs: indexMs, signal });
  return target.finish(await readFile(join(staging, guestIndexFile)), inDoubt);
}
