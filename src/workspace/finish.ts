import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guestIndexFile, knownFile, statsFile } from '../reader/protocol.ts';
import type { Reader } from '../reader/reader.ts';
import type { Target } from './target.ts';

/** Reading and writing the index of 500,000 files. */
const indexMs = 3 * 60_000;

/**
 * Puts the workspace in its place, with an index that knows what the guest's file system says of the files that git on the
 * host knew, so that no git need read them all again; only those in doubt are compared.
 * @param checkout its reader and where that works; nothing for a source without an index
 * @throws what `ask` and the shell throw
 */
export async function finish(
  target: Target,
  checkout: { reader: Reader; staging: string } | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (checkout === undefined) return target.finish(undefined);
  const { reader, staging } = checkout;
  const stats = await target.stat(await readFile(join(staging, knownFile)));
  await writeFile(join(staging, statsFile), stats);
  const facts = await reader.ask({ act: 'index' }, { timeoutMs: indexMs, signal });
  return target.finish({ contents: await readFile(join(staging, guestIndexFile)), ...facts });
}
