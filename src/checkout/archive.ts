import { closeSync, constants, lstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Replies } from '../reader/protocol.ts';
import { padding, tarHeaders } from '../tar/write.ts';
import { tarBlock } from '../tar/write-header.ts';
import { chooseWorkTree } from './staging.ts';
import { pathsIn, type State } from './state.ts';
import { WorkTree } from './work-tree.ts';

/** How many names of files a message can hold, and how much of each. */
const namedFiles = 10;
const nameLength = 400;
/** What is read and written at once. */
const blockBytes = 256 * 1024;
/** A set-user-ID program of the user's is not to become one of the guest's root. */
const permissions = 0o1777;

/**
 * Writes the git directory for the guest and the files of the work tree as one archive.
 * @param mark the name of an empty file, the last one
 * @throws the system's errors of writing
 */
export function archive(state: State, mark: string, fd: number): Replies['archive'] {
  const { staging, repository, start } = state;
  const writer = new Archive(fd);
  writer.addDirectory(join(staging, '.git'), '.git');
  writer.addFiles(chooseWorkTree(repository, start, staging), pathsIn(state));
  writer.addMark(mark);
  return writer.end();
}

/**
 * Writes an archive of files to a descriptor, as GNU tar has it: everything is root's, links are links, a file with
 * several names is as many files. A file that became shorter is filled up with zeros, and counted as changed.
 * @throws the system's errors of writing, EPIPE among them
 */
class Archive {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(blockBytes);
  #filled = 0;
  readonly #skipped = new Set<string>();
  #changed = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Adds files and links of a work tree, by their paths in it. */
  addFiles(root: string, paths: Iterable<Buffer>): void {
    using tree = new WorkTree(root);
    for (const path of paths) {
      try {
        if (!this.#addFile(tree, path)) this.#skip(path);
      } catch (error) {
        if (error instanceof WriteError) throw error.cause;
        this.#skip(path);
      }
    }
  }

  /** Adds a directory of our own with all that is in it. */
  addDirectory(directory: string, name: string): void {
    const stats = lstatSync(directory);
    const mtime = Math.floor(stats.mtimeMs / 1000);
    const entry = { name: Buffer.from(name), mode: stats.mode & 0o777, mtime };
    if (!stats.isDirectory()) {
      const fd = openSync(directory, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        this.#header({ ...entry, type: 'file', size: stats.size });
        this.#contents(fd, stats.size);
      } finally {
        closeSync(fd);
      }
      return;
    }
    this.#header({ ...entry, type: 'directory', size: 0 });
    for (const inner of readdirSync(directory).sort())
      this.addDirectory(join(directory, inner), `${name}/${inner}`);
  }

  /** Adds an empty file. */
  addMark(name: string): void {
    this.#header({ name: Buffer.from(name), type: 'file', mode: 0o600, size: 0, mtime: 0 });
  }

  /** Ends the archive. */
  end(): Replies['archive'] {
    this.#write(Buffer.alloc(2 * tarBlock));
    this.#flush();
    const names = [...this.#skipped].slice(0, namedFiles);
    return { skipped: { count: this.#skipped.size, names }, changed: this.#changed };
  }

  /** @returns whether there was such a file or link */
  #addFile(tree: WorkTree, path: Buffer): boolean {
    const stats = tree.stat(path);
    if (!stats || stats === 'unreadable') return false;
    const entry = { name: path, mode: Number(stats.mode) & permissions, mtime: secondsOf(stats.mtimeNs) };
    if (stats.isSymbolicLink()) {
      const target = tree.readLink(path);
      if (!target) return false;
      this.#header({ ...entry, type: 'symlink', size: 0, target });
      return true;
    }
    const added = tree.open(path, (fd, { size, mode, mtimeNs }) => {
      const opened = { ...entry, mode: Number(mode) & permissions, mtime: secondsOf(mtimeNs) };
      this.#header({ ...opened, type: 'file', size: Number(size) });
      const isWhole = this.#contents(fd, Number(size));
      const after = tree.stat(path);
      const isSame = typeof after === 'object' && after.mtimeNs === mtimeNs && after.size === size;
      if (!isWhole || !isSame) this.#changed += 1;
      return true;
    });
    return added ?? false;
  }

  #skip(path: Buffer): void {
    this.#skipped.add(path.toString('utf8').slice(0, nameLength));
  }

  #header(entry: Parameters<typeof tarHeaders>[0]): void {
    for (const part of tarHeaders(entry)) this.#write(part);
  }

  /** Writes so many bytes of a file. @returns whether it had as many */
  #contents(fd: number, size: number): boolean {
    let left = size;
    while (left > 0) {
      if (this.#filled === blockBytes) this.#flush();
      const room = Math.min(left, blockBytes - this.#filled);
      const count = readSome(fd, this.#buffer, this.#filled, room);
      if (count === 0) break;
      this.#filled += count;
      left -= count;
    }
    this.#zeros(left + padding(size, tarBlock));
    return left === 0;
  }

  #zeros(count: number): void {
    const zeros = Buffer.alloc(Math.min(count, blockBytes));
    for (let left = count; left > 0; left -= zeros.length) this.#write(zeros.subarray(0, left));
  }

  #write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === blockBytes) this.#flush();
      const count = bytes.copy(this.#buffer, this.#filled, at);
      this.#filled += count;
      at += count;
    }
  }

  #flush(): void {
    try {
      for (let at = 0; at < this.#filled; ) at += writeSync(this.#fd, this.#buffer, at, this.#filled - at);
    } catch (cause) {
      throw new WriteError('the archive cannot be written', { cause });
    }
    this.#filled = 0;
  }
}

/** Of a failure of the archive's end, not of the file that is read. */
class WriteError extends Error {}

/** A file that cannot be read any more has no more bytes. */
function readSome(fd: number, buffer: Buffer, at: number, length: number): number {
  try {
    return readSync(fd, buffer, at, length, null);
  } catch {
    return 0;
  }
}

function secondsOf(nanoseconds: bigint): number {
  return Number(BigInt.asIntN(64, nanoseconds / 1_000_000_000n));
}
