import { open } from 'node:fs/promises';

/**
 * The end of a text file that may be of any size; empty if there is no such file.
 * @param maxBytes how much of it at most; the first character may be cut
 */
export async function tailOf(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
