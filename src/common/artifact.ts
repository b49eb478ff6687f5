import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BangerError, systemCodeOf } from './errors.ts';

/** What a directory that is being made is called until it is whole. */
const unfinished = '.making-';

/**
 * Makes a directory that is either whole or not there: it is filled under another name beside, synced and
 * renamed. A failure removes what was made.
 * @param fill is given the new id, `[a-z][a-z0-9]{11}`, and the directory to fill
 * @throws DiskFull, and what `fill` throws
 */
export async function makeArtifact<T>(
  parentDirectory: string,
  fill: (id: string, directory: string) => Promise<T>,
): Promise<T> {
  const id = randomId();
  const directory = join(parentDirectory, `${unfinished}${id}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const result = await fill(id, directory);
    await syncAll(directory);
    await rename(directory, join(parentDirectory, id));
    await syncPath(parentDirectory);
    return result;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw asDiskFull(error, parentDirectory);
  }
}

/**
 * Removes what a process that was killed left half made. Nothing may be in the making while this runs.
 * @param before is given each such directory first, to remove what it has elsewhere
 */
export async function removeUnfinished(
  parentDirectory: string,
  before?: (directory: string) => Promise<void>,
): Promise<void> {
  for (const name of await readdir(parentDirectory).catch(() => [])) {
    if (!name.startsWith(unfinished)) continue;
    const directory = join(parentDirectory, name);
    await before?.(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

/** The error named DiskFull if it tells of a full file system, whoever met it; otherwise as it is. */
export function asDiskFull(error: unknown, path: string): unknown {
  const said = error instanceof BangerError && error.code === 'CommandFailed' ? error.message : '';
  const code = systemCodeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || /No space left on device|Disk quota exceeded/.test(said)) {
    return new BangerError('DiskFull', `the file system of ${path} is full; free some space there`, {
      cause: error,
    });
  }
  return error;
}

/** The SHA-256 of a file in hex, and its size in bytes. */
export async function digestFile(path: string): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { digest: hash.digest('hex'), size: (await stat(path)).size };
}

/** The bytes of all files in a directory. */
export async function sizeOf(directory: string): Promise<number> {
  let size = 0;
  for (const name of await readdir(directory)) size += (await stat(join(directory, name))).size;
  return size;
}

/** Begins with a letter, so that it cannot be taken for a number anywhere. */
function randomId(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  return `${letters[(randomBytes(1)[0] ?? 0) % 26]}${randomBytes(6).toString('hex').slice(1)}`;
}

async function syncAll(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await syncPath(join(directory, name));
  await syncPath(directory);
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
