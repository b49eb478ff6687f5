import { createHash } from 'node:crypto';
import { BangerError } from '../common/errors.ts';

/** An entry of git's index. Times are in whole seconds since 1970, as git compares them. */
export interface IndexEntry {
  path: Buffer;
  /** Type and permission bits: 0o100644, 0o100755, 0o120000 or 0o160000. */
  mode: number;
  oid: string;
  /** 0, or 1 to 3 for the versions of a conflict. */
  stage: number;
  intentToAdd: boolean;
  stat: FileStat;
  /** The nanoseconds beyond the whole seconds of `stat`; 0 where the index was written without them. */
  nanoseconds: { ctime: number; mtime: number };
}

/** What git remembers of a file to see that it did not change. Each is cut to 32 bits. */
export interface FileStat {
  ctime: number;
  mtime: number;
  dev: number;
  ino: number;
  uid: number;
  gid: number;
  size: number;
}

const statBytes = 40;
/** Linux takes no longer path. */
const maxPathBytes = 4096;
const formats: Record<string, { bytes: number; digest: string }> = {
  sha1: { bytes: 20, digest: 'sha1' },
  sha256: { bytes: 32, digest: 'sha256' },
};

/**
 * An index file of version 2 or 3, after gitformat-index(5), whose stat data can be changed.
 *
 * Git runs on the host only, before the files are in the guest, and no git need be in the guest at all:
 * so the stat data of the guest's files is put in here.
 */
export class GitIndex {
  readonly entries: readonly IndexEntry[];
  readonly #data: Buffer;
  readonly #offsets: readonly number[];
  readonly #end: number;
  readonly #digest: string;

  /** @throws CommandFailed if the file is damaged, or names a path that no work tree can have */
  constructor(data: Buffer, objectFormat: string) {
    const format = formats[objectFormat];
    if (!format)
      throw new BangerError('NotSupported', `git's object format ${objectFormat} is not supported`);
    if (data.length < 12 + format.bytes || data.toString('latin1', 0, 4) !== 'DIRC') throw damaged();
    const version = data.readUInt32BE(4);
    if (version !== 2 && version !== 3) throw damaged();
    const end = data.length - format.bytes;
    const entries: IndexEntry[] = [];
    const offsets: number[] = [];
    let offset = 12;
    for (let left = data.readUInt32BE(8); left > 0; left -= 1) {
      const flagsAt = offset + statBytes + format.bytes;
      if (flagsAt + 4 > end) throw damaged();
      const flags = data.readUInt16BE(flagsAt);
      const isExtended = version === 3 && (flags & 0x4000) !== 0;
      const pathAt = flagsAt + (isExtended ? 4 : 2);
      const pathEnd = data.indexOf(0, pathAt);
      if (pathEnd === -1 || pathEnd >= end) throw damaged();
      const path = data.subarray(pathAt, pathEnd);
      checkPath(path);
      offsets.push(offset);
      entries.push({
        path,
        mode: data.readUInt32BE(offset + 24),
        oid: data.toString('hex', offset + statBytes, flagsAt),
        stage: (flags >> 12) & 3,
        intentToAdd: isExtended && (data.readUInt16BE(flagsAt + 2) & 0x2000) !== 0,
        stat: readStat(data, offset),
        nanoseconds: { ctime: data.readUInt32BE(offset + 4), mtime: data.readUInt32BE(offset + 12) },
      });
      // Entries are padded with 1 to 8 NULs to a multiple of eight bytes.
      offset += Math.floor((pathEnd - offset + 8) / 8) * 8;
    }
    if (offset > end) throw damaged();
    this.entries = entries;
    this.#data = data;
    this.#offsets = offsets;
    this.#end = offset;
    this.#digest = format.digest;
  }

  /**
   * The file with other stat data and without extensions: those are caches, of which some name objects
   * that the guest does not get.
   * @param statOf of an entry by its number; where there is none, git compares the contents
   */
  write(statOf: (entry: number) => FileStat | undefined): Buffer {
    const body = Buffer.from(this.#data.subarray(0, this.#end));
    this.#offsets.forEach((offset, entry) => {
      writeStat(body, offset, statOf(entry));
    });
    return Buffer.concat([body, createHash(this.#digest).update(body).digest()]);
  }
}

function readStat(data: Buffer, offset: number): FileStat {
  return {
    ctime: data.readUInt32BE(offset),
    mtime: data.readUInt32BE(offset + 8),
    dev: data.readUInt32BE(offset + 16),
    ino: data.readUInt32BE(offset + 20),
    uid: data.readUInt32BE(offset + 28),
    gid: data.readUInt32BE(offset + 32),
    size: data.readUInt32BE(offset + 36),
  };
}

function writeStat(body: Buffer, offset: number, stat: FileStat | undefined): void {
  const none = { ctime: 0, mtime: 0, dev: 0, ino: 0, uid: 0, gid: 0, size: 0 };
  const { ctime, mtime, dev, ino, uid, gid, size } = stat ?? none;
  const words = [ctime, 0, mtime, 0, dev, ino, undefined, uid, gid, size];
  words.forEach((word, index) => {
    if (word !== undefined) body.writeUInt32BE(word >>> 0, offset + index * 4);
  });
}

/** A hostile index could name files outside of the work tree, or the host's own git directory. */
function checkPath(path: Buffer): void {
  if (path.length > maxPathBytes) throw damaged();
  const parts = path.toString('latin1').split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git')) {
    throw damaged();
  }
}

function damaged(): BangerError {
  return new BangerError('CommandFailed', "the repository's index is damaged", {
    remedy:
      'clone the repository with `git clone` and give the clone, or run `git read-tree HEAD` there if it is your own',
  });
}
