import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { BangerError, getSystemCode } from '../../common/errors.ts';
import type { Entry } from '../../tar/read.ts';
import { describeSpecial } from './destination.ts';

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const newFileFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** A time beyond it is no time of a file. */
const latestTime = 2 ** 33;

/** The names from the root of a tree to something in it. None of them is empty, `.` or `..`, or has a slash. */
export type PathNames = readonly Buffer[];

/**
 * A directory of this host that is filled with what a guest sends. Nothing is ever written outside of it:
 * each directory on the way is opened by itself, without following a symbolic link, and what is in it is
 * addressed through its descriptor. Files appear under their names when they are whole.
 */
export class Tree implements Disposable {
  readonly #root: number;
  readonly #onBytes: (count: number) => void;
  #open: { key: string; fd: number } | undefined;
  /** The files that were written here, which alone may get further links. */
  readonly #written = new Set<string>();
  /** Directories that were made here; they are closed to nobody until all is in them. */
  readonly #made: { names: PathNames; mode: number; mtime: number }[] = [];
  /** What is written and has not got its name yet, both by the descriptor of the directory that was entered last. */
  #pending: { temporary: Buffer; path: Buffer } | undefined;
  readonly #onExit = () => this.discard();

  /**
   * @param directory exists; it may be reached through a symbolic link, because the user named it
   * @param onBytes is told what is written
   */
  constructor(directory: string, onBytes: (count: number) => void) {
    this.#root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    this.#onBytes = onBytes;
    process.on('exit', this.#onExit);
  }

  /**
   * Writes one entry of an archive, which takes the place of what has its name when it is settled; only a directory
   * stays and is filled.
   * @param names where; nothing for the root itself
   * @param target for a hard link, what it is one to
   * @throws DiskFull, and the system's errors for this entry alone
   */
  async write(names: PathNames, entry: Entry, target: PathNames | undefined): Promise<void> {
    this.settle();
    const name = names.at(-1);
    if (name === undefined) return;
    try {
      const directory = this.#enter(names.slice(0, -1));
      if (entry.kind === 'directory') this.#makeDirectory(child(directory, name), names, entry);
      else await this.#replace(directory, name, entry, target);
    } catch (error) {
      const code = getSystemCode(error);
      if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
      throw new BangerError('DiskFull', 'no space is left where it is copied to', {
        remedy: 'make room and copy again',
        cause: error,
      });
    }
  }

  /** Gives what was written last its name. @throws the system's errors */
  settle(): void {
    try {
      if (this.#pending) renameSync(this.#pending.temporary, this.#pending.path);
    } finally {
      // Renaming one link of a file to another does nothing.
      this.discard();
    }
  }

  /** Removes what was written last, if it is not settled. */
  discard(): void {
    if (!this.#pending) return;
    try {
      unlinkSync(this.#pending.temporary);
    } catch {
      // It has its name by now, or was never made.
    }
    this.#pending = undefined;
  }

  /** Notes what the root is to be when all is in it, if it was made for the copy. */
  adoptRoot({ mode, mtime }: Entry): void {
    this.#made.push({ names: [], mode, mtime });
  }

  /**
   * Gives the new directories their modes and times, the innermost first. What is not settled is removed.
   * @throws the system's errors
   */
  finish(): void {
    this.discard();
    for (const { names, mode, mtime } of this.#made.splice(0).reverse()) {
      const fd = this.#enter(names);
      fchmodSync(fd, mode & 0o777);
      futimesSync(fd, timeOf(mtime), timeOf(mtime));
    }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#onExit);
    this.discard();
    if (this.#open) closeSync(this.#open.fd);
    closeSync(this.#root);
  }

  #makeDirectory(path: Buffer, names: PathNames, { mode, mtime }: Entry): void {
    try {
      mkdirSync(path, 0o700);
      this.#made.push({ names, mode, mtime });
    } catch (error) {
      if (getSystemCode(error) !== 'EEXIST') throw error;
      if (!lstatSync(path).isDirectory()) throw inTheWay('something that is not a directory');
    }
  }

  async #replace(
    directory: number,
    name: Buffer,
    entry: Entry,
    target: PathNames | undefined,
  ): Promise<void> {
    const path = child(directory, name);
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw inTheWay('a directory');
    const special = describeSpecial(there);
    if (special !== undefined) throw inTheWay(special);
    const temporary = child(directory, Buffer.from(`.banger-${randomBytes(8).toString('hex')}`));
    this.#pending = { temporary, path };
    try {
      if (entry.kind === 'file') await this.#writeFile(temporary, entry);
      else if (entry.kind === 'symlink') {
        symlinkSync(entry.linkName, temporary);
        lutimesSync(temporary, timeOf(entry.mtime), timeOf(entry.mtime));
      } else this.#link(target ?? [], temporary);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  async #writeFile(path: Buffer, { contents, mode, mtime }: Entry): Promise<void> {
    const fd = openSync(path, newFileFlags, 0o600);
    try {
      for await (const piece of contents()) {
        for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
        this.#onBytes(piece.length);
      }
      fchmodSync(fd, mode & 0o777);
      futimesSync(fd, timeOf(mtime), timeOf(mtime));
      this.#written.add(identityOf(fstatSync(fd, { bigint: true })));
    } finally {
      closeSync(fd);
    }
  }

  #link(target: PathNames, temporary: Buffer): void {
    const name = target.at(-1);
    if (name === undefined) throw new BangerError('GuestFailed', 'it is a link to nothing');
    const directory = this.#walk(target.slice(0, -1));
    try {
      const path = child(directory, name);
      if (!this.#written.has(identityOf(lstatSync(path, { bigint: true })))) {
        throw new BangerError('GuestFailed', 'it is a link to a file that was not copied with it');
      }
      linkSync(path, temporary);
    } finally {
      closeSync(directory);
    }
  }

  /** A descriptor of a directory in the tree, which stays ours until the next is entered. */
  #enter(names: PathNames): number {
    const key = names.map((name) => name.toString('latin1')).join('/');
    if (this.#open?.key === key) return this.#open.fd;
    const fd = this.#walk(names);
    if (this.#open) closeSync(this.#open.fd);
    this.#open = { key, fd };
    return fd;
  }

  #walk(names: PathNames): number {
    let fd = openSync(`/proc/self/fd/${this.#root}`, constants.O_RDONLY | constants.O_DIRECTORY);
    for (const name of names) {
      const outer = fd;
      try {
        fd = openSync(child(outer, name), directoryFlags);
      } catch (error) {
        const code = getSystemCode(error);
        if (code === 'ENOTDIR' || code === 'ELOOP') throw inTheWay('something that is not a directory');
        throw error;
      } finally {
        closeSync(outer);
      }
    }
    return fd;
  }
}

/** A name in an open directory. */
function child(directory: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), name]);
}

function identityOf({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`;
}

function timeOf(seconds: number): number {
  return Math.min(Math.max(seconds, 0), latestTime);
}

function inTheWay(what: string): BangerError {
  return new BangerError('AlreadyExists', `${what} is in the way`, { remedy: 'move it away' });
}
