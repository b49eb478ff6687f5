/**
 * Changes a file for as long as it runs, and tells which contents the file can have had.
 * Usage: changing-file.ts HOW PATH BYTES
 */
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

/** Each piece is written by one call. */
const pieceBytes = 4096;

/** How a file is changed. */
export interface Change {
  /** Makes one round of changes to a file of so many pieces. */
  round(path: string, pieces: number, generation: number): void;
  /** Whether the file had these pieces at some moment. */
  isState(generations: readonly number[], pieces: number): boolean;
  /** Whether each copy has to succeed. */
  alwaysCopied: boolean;
}

const piece = (generation: number) => Buffer.alloc(pieceBytes, `${generation}\n`.padStart(16, '0'));
const isSame = (generations: readonly number[]) => generations.every((each) => each === generations[0]);

function writePieces(path: string, flags: string, pieces: number, generation: number): void {
  const fd = openSync(path, flags);
  for (let at = 0; at < pieces; at++) writeSync(fd, piece(generation));
  closeSync(fd);
}

/** What programs do to their files. */
export const changes: Readonly<Record<string, Change>> = {
  'is cut and written again': {
    round: (path, pieces, generation) => writePieces(path, 'w', pieces, generation),
    isState: (generations) => isSame(generations),
    alwaysCopied: false,
  },
  'is cut in the middle and grows again': {
    round: (path, pieces, generation) => {
      const fd = openSync(path, 'r+');
      ftruncateSync(fd, Math.floor(pieces / 2) * pieceBytes);
      closeSync(fd);
      writePieces(path, 'a', pieces - Math.floor(pieces / 2), generation);
    },
    isState: (generations, pieces) => {
      const half = Math.floor(pieces / 2);
      return (
        generations.length >= half && isSame(generations.slice(0, half)) && isSame(generations.slice(half))
      );
    },
    alwaysCopied: false,
  },
  'is overwritten in place': {
    round: (path, pieces, generation) => writePieces(path, 'r+', pieces, generation),
    isState: (generations, pieces) => {
      const border = generations.findIndex((each) => each !== generations[0]);
      const rest = border < 0 ? [] : generations.slice(border);
      const isBefore = rest.every((each) => each === (generations[0] ?? 0) - 1);
      return generations.length === pieces && isBefore;
    },
    alwaysCopied: false,
  },
  'is appended to': {
    round: (path, _pieces, generation) => appendFileSync(path, piece(generation)),
    isState: (generations, pieces) =>
      generations.length >= pieces &&
      generations.every((each, at) => each === (at < pieces ? 0 : at - pieces + 1)),
    alwaysCopied: true,
  },
  'is replaced by a rename': {
    round: (path, pieces, generation) => {
      writePieces(`${path}.new`, 'w', pieces, generation);
      renameSync(`${path}.new`, path);
    },
    isState: (generations, pieces) => generations.length === pieces && isSame(generations),
    alwaysCopied: true,
  },
  'is renamed and begun again': {
    round: (path, pieces, generation) => {
      renameSync(path, `${path}.1`);
      writePieces(path, 'a', pieces, generation);
    },
    isState: (generations) => isSame(generations),
    alwaysCopied: false,
  },
};

/** Reads back of which generations pieces are; nothing if some bytes are not of any. */
export function readGenerations(bytes: Buffer): number[] | undefined {
  if (bytes.length % pieceBytes !== 0) return undefined;
  const generations: number[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const generation = Number(bytes.toString('latin1', at, at + 15));
    if (!bytes.subarray(at, at + pieceBytes).equals(piece(generation))) return undefined;
    generations.push(generation);
  }
  return generations;
}

/** Makes the file that the changes begin with. */
export function makeFirst(path: string, bytes: number): void {
  writeFileSync(path, '');
  writePieces(path, 'r+', Math.floor(bytes / pieceBytes), 0);
}

if (import.meta.main) {
  const [how = '', path = '', bytes = '0'] = process.argv.slice(2);
  const change = changes[how];
  if (!change) throw new Error(`${how} is not a change`);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  console.log('begins');
  for (let generation = 1; ; generation++) {
    change.round(path, Math.floor(Number(bytes) / pieceBytes), generation);
    // Short enough to come in between, and long enough that some copies are whole.
    if (generation % 4 === 0) Atomics.wait(pause, 0, 0, (generation * 7) % 60);
  }
}
