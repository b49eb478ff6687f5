import { constants, type FileHandle, open } from 'node:fs/promises';
import { getSystemCode } from '../common/errors.ts';

/** How often a file that changes under the reader is read again. */
const maxTries = 3;

/** The content of a file, and whether it is of one moment. */
export interface Reading {
  content: Buffer;
  /** It changed each time it was read, so its parts may be of different moments. */
  changing: boolean;
}

/**
 * Reads a regular file whole, and again if it changed meanwhile. Never waits for another program and never
 * follows a symbolic link.
 * @param most bytes; of a file that is longer one byte more is read
 * @returns nothing if it is not a regular file
 */
export async function readWhole(path: Buffer, most: number): Promise<Reading | undefined> {
  for (let tries = 1; ; tries++) {
    await using file = await openItself(path);
    if (!file) return undefined;
    const before = await file.stat({ bigint: true });
    if (!before.isFile()) return undefined;
    const content = await beginning(file, most + 1);
    const after = await file.stat({ bigint: true });
    const changing = before.size !== after.size || before.mtimeNs !== after.mtimeNs;
    if (!changing || tries === maxTries) return { content, changing };
  }
}

async function openItself(path: Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    // What ELOOP means here is that it has become a symbolic link.
    if (getSystemCode(error) === 'ELOOP') return undefined;
    throw error;
  }
}

async function beginning(file: FileHandle, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream = file.createReadStream({ start: 0, end: most - 1, autoClose: false });
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
