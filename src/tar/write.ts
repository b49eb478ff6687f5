import type { FileHandle } from 'node:fs/promises';
import { maxFieldLength, type TarHeader, tarBlock, tarHeader } from './write-header.ts';

/** What goes into an archive. Names and targets are bytes of any encoding; they are kept as they are. */
export type TarEntry = { name: Buffer | string; mode: number } & (
  | { kind: 'file'; content: Buffer | string }
  | { kind: 'directory' }
  | { kind: 'symlink'; target: Buffer | string }
);

/** What tar(1) reads and writes at a time; a block device must be at least that long for some of them. */
const record = 20 * tarBlock;

/**
 * Writes an archive to a file, from where its position is, one entry after the other. The same entries give
 * the same bytes. Names that are too long for ustar are written as GNU tar does, because unlike those of pax
 * they need not be UTF-8.
 * @returns how many bytes were written, a multiple of tar's records
 */
export async function writeTar(
  file: FileHandle,
  entries: Iterable<TarEntry> | AsyncIterable<TarEntry>,
): Promise<number> {
  let length = 0;
  const write = async (bytes: Buffer) => {
    await file.writeFile(bytes);
    length += bytes.length;
  };
  for await (const entry of entries) for (const part of partsOf(entry)) await write(part);
  await write(Buffer.alloc(2 * tarBlock + padding(length + 2 * tarBlock, record)));
  return length;
}

function partsOf(entry: TarEntry): Buffer[] {
  const { kind, name, mode } = entry;
  const content = kind === 'file' ? bytesOf(entry.content) : Buffer.alloc(0);
  const target = kind === 'symlink' ? bytesOf(entry.target) : undefined;
  return [
    ...tarHeaders({ name: bytesOf(name), type: kind, mode, size: content.length, target }),
    ...padded(content),
  ];
}

/**
 * What stands before the content of an entry: its header, and what holds names that are too long for that.
 * @throws RangeError for what a header cannot hold
 */
export function tarHeaders(entry: {
  name: Buffer;
  type: TarEntry['kind'];
  mode: number;
  size: number;
  target?: Buffer | undefined;
  mtime?: number;
}): Buffer[] {
  const { type, target, ...rest } = entry;
  const name = type === 'directory' ? Buffer.concat([entry.name, Buffer.from('/')]) : entry.name;
  const header: TarHeader = {
    ...rest,
    type,
    name: name.subarray(0, maxFieldLength),
    ...(target && { target: target.subarray(0, maxFieldLength) }),
  };
  return [
    ...(name.length > maxFieldLength ? longPart('longName', name) : []),
    ...(target && target.length > maxFieldLength ? longPart('longTarget', target) : []),
    tarHeader(header),
  ];
}

/** GNU tar's way: an entry whose content, ended by NUL, is the name or the target of the entry after it. */
function longPart(type: 'longName' | 'longTarget', text: Buffer): Buffer[] {
  const content = Buffer.concat([text, Buffer.alloc(1)]);
  return [
    tarHeader({ name: Buffer.from('././@LongLink'), type, mode: 0o644, size: content.length }),
    ...padded(content),
  ];
}

function bytesOf(data: Buffer | string): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

function padded(content: Buffer): Buffer[] {
  return content.length === 0 ? [] : [content, Buffer.alloc(padding(content.length, tarBlock))];
}

/** Counts how many bytes follow so many until the next whole unit. */
export function padding(length: number, unit: number): number {
  return (unit - (length % unit)) % unit;
}
