import type { Duplex } from 'node:stream';
import { chunkUnits } from '../common/work-budget.ts';

/** What is taken of a stream before others have their turn, in units of a work budget. */
const sliceUnits = 128 * 1024;
/** How long others then have it. */
const pauseMs = 4;
const pieceBytes = 16 * 1024;

/**
 * Reads a stream that may be hostile: after each slice of work it is left alone for some milliseconds, however much it
 * sends and in whatever chunks, so that nobody else waits for it.
 * @param take reads a piece and gives the work that it was, in units of a work budget
 */
export function readInSlices(stream: Duplex, take: (piece: Buffer, isFirst: boolean) => number): void {
  let spent = 0;
  stream.on('data', (chunk: Buffer) => {
    spent += chunkUnits;
    for (let at = 0; at < chunk.length && !stream.destroyed; ) {
      const piece = chunk.subarray(at, at + pieceBytes);
      at += piece.length;
      spent += take(piece, at === piece.length);
      if (spent < sliceUnits) continue;
      spent = 0;
      stream.pause();
      if (at < chunk.length) stream.unshift(chunk.subarray(at));
      setTimeout(() => stream.destroyed || stream.resume(), pauseMs);
      return;
    }
  });
}

/**
 * Has a stream that others read leave them time after each slice of work.
 * @param cost gives the work that a chunk is, in units of a work budget
 */
export function readInTurns(stream: Duplex, cost: (chunk: Buffer) => number): void {
  let spent = 0;
  stream.on('data', (chunk: Buffer) => {
    spent += cost(chunk);
    if (spent < sliceUnits) return;
    spent = 0;
    stream.pause();
    setTimeout(() => stream.destroyed || stream.resume(), pauseMs);
  });
}
