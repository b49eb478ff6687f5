import { open } from 'node:fs/promises';

/**
 * The end of a text file that may be of any size; empty if there is no such file.
 * @param maxBytes how much of it at most; the first character may be cut
 */
export async function readTail(path: string, maxBytes: number): Promise<string> {
  return await part(path, maxBytes, (size, length) => size - length);
}

/** The beginning of such a file, of which the last character may be cut. */
export async function readHead(path: string, maxBytes: number): Promise<string> {
  return await part(path, maxBytes, () => 0);
}

async function part(
  path: string,
  maxBytes: number,
  from: (size: number, length: number) => number,
): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from(size, buffer.length));
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
