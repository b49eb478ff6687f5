import { type FileHandle, open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginStream, writeTo } from './stream.ts';

const pieceBytes = 64 * 1024;
const pollMs = 200;

/** What a VM's kernel and programs wrote to its console. */
export interface Console {
  file: string;
  /** Whether more may come. */
  isLive(): boolean;
}

/** Sends a console as far as it goes, and what is written to it until nothing more can come if `follow` says so. */
export async function sendConsole(response: ServerResponse, source: Console, follow: boolean): Promise<void> {
  beginStream(response, 'application/octet-stream');
  const file = await openConsole(response, source, follow);
  if (file) {
    try {
      await copy(response, file, follow ? source.isLive : undefined);
    } finally {
      await file.close();
    }
  }
  response.end();
}

/** A VM that never started has no console yet. */
async function openConsole(
  response: ServerResponse,
  { file, isLive }: Console,
  follow: boolean,
): Promise<FileHandle | undefined> {
  for (;;) {
    const goesOn = follow && !response.destroyed && isLive();
    const found = await open(file, 'r').catch(() => undefined);
    if (found || !goesOn) return found;
    await sleep(pollMs);
  }
}

/** @param isLive absent to end with what is there at the beginning */
async function copy(response: ServerResponse, file: FileHandle, isLive?: () => boolean): Promise<void> {
  const piece = Buffer.alloc(pieceBytes);
  let { size } = await file.stat();
  let offset = 0;
  while (!response.destroyed) {
    const wanted = Math.min(piece.length, isLive ? piece.length : size - offset);
    const { bytesRead } = await file.read(piece, 0, wanted, offset);
    offset += bytesRead;
    // The piece is used again, and a response may keep what it was given.
    if (bytesRead > 0 && !(await writeTo(response, Buffer.from(piece.subarray(0, bytesRead))))) return;
    if (bytesRead > 0) continue;
    if (!isLive?.()) return;
    await sleep(pollMs);
    ({ size } = await file.stat());
    // It was emptied, by a start or because it had grown too long, and begins anew.
    if (size < offset) offset = 0;
  }
}
