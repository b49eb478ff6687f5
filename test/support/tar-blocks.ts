/** Tar archives made of what a test writes into each field, with a right checksum unless it is wanted wrong. */

/** The fields of a header, as they stand there; what is absent is that of an empty file with mode 644. */
export interface HeaderFields {
  name?: string;
  mode?: string;
  uid?: string;
  size?: string;
  mtime?: string;
  checksum?: string;
  type?: string;
  linkName?: string;
  magic?: string;
  prefix?: string;
}

/** The two blocks of zeros at the end of an archive. */
export const end = Buffer.alloc(1024);

/** A number as a size field has it. */
export const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;

/** A number in GNU's form for what octal digits do not hold. */
export function base256(value: bigint): string {
  const field = Buffer.alloc(12);
  field.writeBigInt64BE(value, 4);
  field.fill(value < 0n ? 0xff : 0, 0, 4);
  field[0] = (field[0] ?? 0) | 0x80;
  return field.toString('latin1');
}

/** One header block. */
export function header(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(512);
  const put = (text: string, at: number, length: number) => block.write(text, at, length, 'latin1');
  put(fields.name ?? 'evil/x', 0, 100);
  put(fields.mode ?? '0000644\0', 100, 8);
  put(fields.uid ?? '0000000\0', 108, 8);
  put('0000000\0', 116, 8);
  put(fields.size ?? octal(0), 124, 12);
  put(fields.mtime ?? octal(1_500_000_000), 136, 12);
  put(fields.type ?? '0', 156, 1);
  put(fields.linkName ?? '', 157, 100);
  put(fields.magic ?? 'ustar\x0000', 257, 8);
  put(fields.prefix ?? '', 345, 155);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return block;
}

/** Bytes of latin1, filled with zeros to whole blocks. */
export function padded(text: string): Buffer {
  const block = Buffer.alloc(Math.ceil(text.length / 512) * 512);
  block.write(text, 'latin1');
  return block;
}

/** An entry with contents. */
export function file(name: string, text: string, fields: HeaderFields = {}): Buffer {
  return Buffer.concat([header({ name, size: octal(text.length), ...fields }), padded(text)]);
}

/** A directory, a symbolic link and a hard link. */
export const directory = (name: string, mode = '0000755\0') => header({ name, type: '5', mode });
export const symlink = (name: string, linkName: string) => header({ name, type: '2', linkName });
export const hardLink = (name: string, linkName: string) => header({ name, type: '1', linkName });

/** An extended header of one record, with its right length. */
export function pax(key: string, value: string, type = 'x'): Buffer {
  const body = ` ${key}=${value}\n`;
  let length = body.length;
  while (length !== body.length + String(length).length) length = body.length + String(length).length;
  return file('pax', `${length}${body}`, { type });
}

/** GNU's long name, or with type `K` long target, for the entry that follows. */
export const longName = (text: string, type: 'L' | 'K' = 'L') => file('././@LongLink', `${text}\0`, { type });
