/** What is wrong with an archive, in words for the user. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

/** A header block of a tar archive, without what extended headers say. Names are bytes. */
export interface ParsedHeader {
  name: Buffer;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** The type flag: `0` a file, `1` a hard link, `2` a symbolic link, `5` a directory, … */
  type: string;
  linkName: Buffer;
}

export const blockSize = 512;

/**
 * Reads one header: POSIX ustar and GNU's variant of it, see tar(5).
 * @returns nothing for a block of zeros, which ends an archive
 * @throws TarError for what is neither
 */
export function parseHeader(block: Buffer): ParsedHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (number(block, 148, 8, 'checksum') !== checksum(block)) throw new TarError('a header is damaged');
  const magic = block.toString('latin1', 257, 263);
  if (magic !== 'ustar\0' && magic !== 'ustar ') throw new TarError('it is not a ustar archive');
  const prefix = magic === 'ustar\0' ? text(block, 345, 155) : Buffer.alloc(0);
  const name = text(block, 0, 100);
  return {
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    mode: number(block, 100, 8, 'mode'),
    uid: number(block, 108, 8, 'uid'),
    gid: number(block, 116, 8, 'gid'),
    size: number(block, 124, 12, 'size'),
    mtime: number(block, 136, 12, 'time'),
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    linkName: text(block, 157, 100),
  };
}

/** The sum of all bytes, where those of the sum itself count as blanks. */
function checksum(block: Buffer): number {
  let sum = 0;
  for (let at = 0; at < blockSize; at++) sum += at >= 148 && at < 156 ? 32 : (block[at] ?? 0);
  return sum;
}

function text(block: Buffer, from: number, length: number): Buffer {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or GNU's big-endian two's complement with the first bit set. */
function number(block: Buffer, from: number, length: number, what: string): number {
  const field = block.subarray(from, from + length);
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) {
    let value = BigInt.asIntN(7, BigInt(first & 0x7f));
    for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
    return safe(Number(value), what);
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1'))?.[1];
  if (digits === undefined) throw new TarError(`the ${what} in a header is not a number`);
  return safe(digits === '' ? 0 : Number.parseInt(digits, 8), what);
}

function safe(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || (value < 0 && what !== 'time')) {
    throw new TarError(`the ${what} in a header is out of range`);
  }
  return value;
}
