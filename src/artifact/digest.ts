import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** The SHA-256 of a file in hex, and its size in bytes. */
export async function digestFile(path: string): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { digest: hash.digest('hex'), size: (await stat(path)).size };
}

/** The bytes of all these files. */
export async function getTotalSize(files: readonly string[]): Promise<number> {
  let size = 0;
  for (const file of files) size += (await stat(file)).size;
  return size;
}
