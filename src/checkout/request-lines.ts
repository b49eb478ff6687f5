import { readSync } from 'node:fs';

const pieceBytes = 64 * 1024;

/** Reads lines from a descriptor one by one, waiting for each, to the end of what comes. @throws the system's errors */
export function* requestLines(fd: number): Generator<string> {
  const piece = Buffer.alloc(pieceBytes);
  let rest = Buffer.alloc(0);
  for (;;) {
    const end = rest.indexOf('\n');
    if (end >= 0) {
      const line = rest.toString('utf8', 0, end);
      rest = rest.subarray(end + 1);
      yield line;
      continue;
    }
    const length = readSync(fd, piece, 0, piece.length, null);
    if (length === 0) return;
    rest = Buffer.concat([rest, piece.subarray(0, length)]);
  }
}
