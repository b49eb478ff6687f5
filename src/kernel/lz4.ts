import { setImmediate } from 'node:timers/promises';

const legacyMagic = 0x184c2102;
/** The legacy format cuts its input into blocks of this size. */
const blockSize = 8 * 1024 * 1024;

/** Checks whether this is a stream of the LZ4 legacy format, the one the kernel's build uses. */
export function isLz4Legacy(data: Buffer): boolean {
  return data.length >= 4 && data.readUInt32LE(0) === legacyMagic;
}

/**
 * Decompresses the LZ4 legacy format (lz4_Frame_format.md, "Legacy frame"). Lets the event loop run between
 * blocks of 8 MiB.
 * @param size of the result, which must be met exactly
 * @throws RangeError if the data is damaged
 */
export async function decompressLz4Legacy(data: Buffer, size: number): Promise<Buffer> {
  if (!isLz4Legacy(data)) throw new RangeError('no LZ4 legacy stream');
  const output = Buffer.alloc(size);
  let input = 4;
  let written = 0;
  while (input < data.length) {
    if (input + 4 > data.length) throw new RangeError('the LZ4 stream ends within a block size');
    const length = data.readUInt32LE(input);
    input += 4;
    if (length > data.length - input) throw new RangeError('the LZ4 stream ends within a block');
    const block = data.subarray(input, input + length);
    written = decompressBlock(block, output, written, Math.min(size, written + blockSize));
    input += length;
    await setImmediate();
  }
  if (written !== size) throw new RangeError(`the LZ4 stream holds ${written} bytes, not ${size}`);
  return output;
}

/** Decompresses one block (lz4_Block_format.md) to `start` and gives where it ended, at most `limit`. */
function decompressBlock(block: Buffer, output: Buffer, start: number, limit: number): number {
  let from = 0;
  let to = start;
  const extended = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      const more = block[from++];
      if (more === undefined) throw new RangeError('an LZ4 block ends within a length');
      length += more;
      if (more < 255) return length;
    }
  };
  while (from < block.length) {
    const token = block[from++] ?? 0;
    const literals = extended(token >> 4);
    if (literals > block.length - from) throw new RangeError('an LZ4 block ends within literals');
    if (literals > limit - to) throw new RangeError('an LZ4 block is longer than it may be');
    block.copy(output, to, from, from + literals);
    from += literals;
    to += literals;
    // The last sequence of a block has no match.
    if (from === block.length) break;
    if (from + 2 > block.length) throw new RangeError('an LZ4 block ends within an offset');
    const offset = block.readUInt16LE(from);
    from += 2;
    const length = extended(token & 15) + 4;
    if (offset === 0 || offset > to - start) throw new RangeError('an LZ4 match begins before its block');
    if (length > limit - to) throw new RangeError('an LZ4 block is longer than it may be');
    copyMatch(output, to, offset, length);
    to += length;
  }
  return to;
}

/** A match may overlap what it makes: then it repeats the bytes between. */
function copyMatch(output: Buffer, to: number, offset: number, length: number): void {
  if (offset >= length) output.copyWithin(to, to - offset, to - offset + length);
  else for (let index = 0; index < length; index++) output[to + index] = output[to + index - offset] ?? 0;
}
