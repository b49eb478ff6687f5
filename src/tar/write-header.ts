/** What an archive is counted in: headers and contents begin at multiples of it. */
export const tarBlock = 512;
/** The longest names of a header's own fields; longer ones go before the header in an entry of their own. */
export const maxFieldLength = 100;

/** The kinds of entries by their letter in the header; `longName` and `longTarget` are GNU tar's. */
export const typeFlags = {
  file: '0',
  symlink: '2',
  directory: '5',
  longName: 'L',
  longTarget: 'K',
} as const;

/** What a header says. Names are bytes and may be of any encoding. */
export interface TarHeader {
  name: Buffer;
  type: keyof typeof typeFlags;
  /** Permission bits, as in chmod(2). */
  mode: number;
  /** Bytes of the content that follows. */
  size: number;
  /** Where a symbolic link points. */
  target?: Buffer;
  /** Whole seconds since 1970, which is the time where absent. */
  mtime?: number;
}

/**
 * One header in the ustar format of POSIX 1003.1 (pax), of a file that is root's. Numbers that are too large for its
 * digits are written as GNU tar does.
 * @throws RangeError for what its fields cannot hold
 */
export function tarHeader({ name, type, mode, size, target, mtime = 0 }: TarHeader): Buffer {
  const bytes = Buffer.alloc(tarBlock);
  const put = (text: Buffer, at: number) => {
    if (text.length > maxFieldLength || text.includes(0))
      throw new RangeError('a tar field cannot hold a name');
    text.copy(bytes, at);
  };
  put(name, 0);
  bytes.write(octal(mode, 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  writeNumber(bytes, 124, size);
  writeNumber(bytes, 136, mtime);
  bytes.write(typeFlags[type], 156);
  if (target) put(target, 157);
  bytes.write('ustar\x0000', 257, 'latin1');
  bytes.write('root', 265);
  bytes.write('root', 297);
  // The checksum counts its own field as spaces.
  bytes.fill(' ', 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return bytes;
}

/** A field of twelve bytes: octal digits, or the number in 96 bits of two's complement with the first bit set. */
function writeNumber(bytes: Buffer, at: number, value: number): void {
  if (value >= 0 && value < 8 ** 11) {
    bytes.write(octal(value, 11), at);
    return;
  }
  bytes.fill(value < 0 ? 0xff : 0, at, at + 4);
  bytes[at] = value < 0 ? 0xff : 0x80;
  bytes.writeBigInt64BE(BigInt(value), at + 4);
}

function octal(value: number, digits: number): string {
  const text = value.toString(8).padStart(digits, '0');
  if (text.length > digits) throw new RangeError(`${value} is too much for a tar field`);
  return text;
}
