import { blockSize, type ParsedHeader, parseHeader, TarError } from './header.ts';
import { type PaxFields, parsePax } from './pax.ts';

export { TarError } from './header.ts';

export type EntryKind = 'file' | 'link' | 'symlink' | 'directory' | 'character' | 'block' | 'fifo';

/** One thing in an archive. Names are the bytes that stand there: nothing about them has been checked. */
export interface Entry {
  kind: EntryKind;
  name: Buffer;
  /** What a hard link is one to, or what a symbolic link says. */
  linkName: Buffer;
  /** The permissions with set-uid, set-gid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Seconds since the epoch, with a fraction if the archive has one. */
  mtime: number;
  /** The contents of a file, to be read before the next entry is asked for; what is left is passed over. */
  contents(): AsyncGenerator<Buffer>;
}

const kinds: Readonly<Record<string, EntryKind>> = {
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};
/** Linux has no longer names than 4 KiB; this is for those and the keys that are passed over. */
const maxHeaderLength = 64 * 1024;
/** Behind the end of an archive; GNU tar's own is 10 KiB unless it is told another. */
const maxRecordLength = 16 * 1024 * 1024;

/**
 * Reads a tar archive entry by entry, without keeping more of it than a block: ustar, GNU's long names, and
 * pax headers for names, sizes and times. Everything else is refused.
 * @throws TarError if the archive is damaged, breaks off or has what is not understood
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<Entry> {
  const input = new Blocks(source);
  let extended: PaxFields = {};
  for (;;) {
    const header = parseHeader(await input.take(blockSize));
    if (!header) break;
    if (header.type === 'x') {
      extended = { ...extended, ...parsePax(await metadata(input, header)) };
    } else if (header.type === 'g') {
      // Of an archive as a whole only comments make sense to us.
      if (Object.keys(parsePax(await metadata(input, header))).length > 0) {
        throw new TarError('it has a global header, which is not understood');
      }
    } else if (header.type === 'L' || header.type === 'K') {
      const data = await metadata(input, header);
      const end = data.indexOf(0);
      const name = end < 0 ? data : data.subarray(0, end);
      extended = { ...extended, ...(header.type === 'L' ? { path: name } : { linkpath: name }) };
    } else {
      const entry = entryOf(header, extended, input);
      extended = {};
      yield entry;
      await input.skipRest();
    }
  }
  if (Object.keys(extended).length > 0) throw new TarError('an extended header has no entry');
  if (parseHeader(await input.take(blockSize))) throw new TarError('it continues after its end');
  await input.drain();
}

function entryOf(header: ParsedHeader, extended: PaxFields, input: Blocks): Entry {
  const kind = kinds[header.type];
  if (!kind)
    throw new TarError(`it has an entry of type ${JSON.stringify(header.type)}, which is not understood`);
  const stated = extended.size ?? header.size;
  // Some write the size of the target with a hard link, or that of a directory, and no contents.
  const size = kind === 'file' ? stated : 0;
  if (kind === 'symlink' && stated !== 0) throw new TarError('it has a symbolic link with contents');
  const name = extended.path ?? header.name;
  const linkName = extended.linkpath ?? header.linkName;
  if (name.length === 0 || name.includes(0) || linkName.includes(0))
    throw new TarError('it has an entry without a name');
  const { mode, uid, gid } = header;
  input.begin(size);
  return {
    kind,
    name,
    linkName,
    mode: mode & 0o7777,
    uid,
    gid,
    size,
    mtime: extended.mtime ?? header.mtime,
    contents: () => input.contents(),
  };
}

async function metadata(input: Blocks, { size }: ParsedHeader): Promise<Buffer> {
  if (size === 0 || size > maxHeaderLength) throw new TarError('an extended header has an absurd size');
  const data = await input.take(Math.ceil(size / blockSize) * blockSize);
  return Buffer.from(data.subarray(0, size));
}

/** Bytes of a stream, taken in the sizes that are needed. */
class Blocks {
  readonly #source: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #left = 0;
  #padding = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes. */
  async take(length: number): Promise<Buffer> {
    while (this.#chunk.length < length) {
      const next = await this.#next();
      if (!next) throw new TarError('it breaks off');
      this.#chunk = this.#chunk.length === 0 ? next : Buffer.concat([this.#chunk, next]);
    }
    const taken = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return taken;
  }

  begin(size: number): void {
    this.#left = size;
    this.#padding = (blockSize - (size % blockSize)) % blockSize;
  }

  async *contents(): AsyncGenerator<Buffer> {
    while (this.#left > 0) {
      if (this.#chunk.length === 0) this.#chunk = (await this.#next()) ?? Buffer.alloc(0);
      if (this.#chunk.length === 0) throw new TarError('it breaks off');
      const piece = this.#chunk.subarray(0, Math.min(this.#left, this.#chunk.length));
      this.#chunk = this.#chunk.subarray(piece.length);
      this.#left -= piece.length;
      yield piece;
    }
  }

  /** Passes over what nobody read of an entry, and what fills its last block. */
  async skipRest(): Promise<void> {
    for await (const _ of this.contents());
    await this.take(this.#padding);
    this.#padding = 0;
  }

  /** Reads to the end, so that who writes can end: tar fills its last record with zeros. */
  async drain(): Promise<void> {
    let passed = this.#chunk.length;
    for (let next = await this.#next(); next; next = await this.#next()) {
      passed += next.length;
      if (passed > maxRecordLength) throw new TarError('it continues after its end');
    }
  }

  async #next(): Promise<Buffer | undefined> {
    for (;;) {
      const { value, done } = await this.#source.next();
      if (done) return undefined;
      if (value.length > 0) return value;
    }
  }
}
