import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from 'node:fs';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { describeKind } from '../common/file-kind.ts';
import { shellQuote } from '../common/shell-quote.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
const readBytes = 1024 * 1024;

/** Whose files are read, and the directory that all of them are in. */
interface Owners {
  uids: ReadonlySet<number>;
  top: string;
}

/**
 * An open directory of a git directory, or one below it. What is in it is reached through its descriptor, one name at a
 * time, and no symbolic link is followed. A file has to be a regular one, and everything has to belong to a known owner:
 * the git directory may come from anybody, and its names may lead anywhere. Names are bytes of any encoding: one
 * character is one byte.
 */
export class Directory implements Disposable {
  /** For messages. */
  readonly path: string;
  readonly #owners: Owners;
  readonly #fd: number;

  private constructor(fd: number, path: string, owners: Owners) {
    this.path = path;
    this.#fd = fd;
    this.#owners = owners;
  }

  /**
   * @param path absolute; its last name is not followed if it is a symbolic link
   * @throws UnsafeRepository
   */
  static open(path: string, owners: ReadonlySet<number>): Directory {
    const below = { uids: owners, top: path };
    return openChecked(path, path, below, (fd) => new Directory(fd, path, below));
  }

  /** @returns nothing if there is no such name. @throws UnsafeRepository if it is not a directory of the owners' */
  directory(name: string): Directory | undefined {
    const path = this.#shown(name);
    if (!this.stat(name)) return undefined;
    return openChecked(this.#child(name), path, this.#owners, (fd) => new Directory(fd, path, this.#owners));
  }

  /** What has a name here; nothing if nothing has. */
  stat(name: string): Stats | undefined {
    try {
      return lstatSync(this.#child(name), { throwIfNoEntry: false });
    } catch (error) {
      throw unreadable(this.#shown(name), error);
    }
  }

  /** @throws UnsafeRepository if it is anything but a regular file of the owners' */
  checkFile(name: string): void {
    const stats = this.stat(name);
    if (stats) this.#check(name, stats);
  }

  /**
   * The contents of a file.
   * @param path of one name or several, relative to this directory
   * @param most its largest size, in bytes
   * @returns nothing if it is not there
   * @throws UnsafeRepository if it is not a regular file of the owners', or too large
   */
  read(path: string, most: number): Buffer | undefined {
    return this.readWithTime(path, most)?.contents;
  }

  /** The contents of a file, and when they were written, in milliseconds since 1970; see `read`. */
  readWithTime(path: string, most: number): { contents: Buffer; mtimeMs: number } | undefined {
    return this.#open(path, (fd, { size, mtimeMs }, shown) => {
      return { contents: readAll(fd, size, shown, most), mtimeMs };
    });
  }

  #open<T>(path: string, use: (fd: number, stats: Stats, shown: string) => T): T | undefined {
    const slash = path.indexOf('/');
    if (slash >= 0) {
      using directory = this.directory(path.slice(0, slash));
      if (!directory) return undefined;
      return directory.#open(path.slice(slash + 1), use);
    }
    const shown = this.#shown(path);
    const stats = this.stat(path);
    if (!stats) return undefined;
    // Before it is opened: opening a device may already do something.
    this.#check(path, stats);
    let fd: number | undefined;
    try {
      fd = openSync(this.#child(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
      const opened = fstatSync(fd);
      this.#check(path, opened);
      return use(fd, opened, shown);
    } catch (error) {
      if (error instanceof BangerError) throw error;
      if (getSystemCode(error) === 'ENOENT') return undefined;
      throw unreadable(shown, error);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** The names here and their types, which are not followed. */
  list(): Dirent[] {
    try {
      return readdirSync(`/proc/self/fd/${this.#fd}`, { withFileTypes: true, encoding: 'latin1' });
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #child(name: string): Buffer {
    return Buffer.from(`/proc/self/fd/${this.#fd}/${name}`, 'latin1');
  }

  #shown(name: string): string {
    return `${this.path}/${Buffer.from(name, 'latin1').toString('utf8')}`;
  }

  #check(name: string, stats: Stats): void {
    const path = this.#shown(name);
    if (!stats.isFile()) throw unsafe(path, `is ${describeKind(stats)} and not a file`);
    checkOwner(path, stats, this.#owners);
  }
}

/**
 * The error for something in a git directory that is not read.
 * @param what follows the path; with a remedy of its own after a semicolon
 */
export function unsafe(path: string, what: string, remedy?: string): BangerError {
  return new BangerError('UnsafeRepository', `${path} ${what}`, { remedy });
}

/** The bytes of an open file. @param size what it had when it was opened */
function readAll(fd: number, size: number, shown: string, most: number): Buffer {
  const tooLarge = () =>
    unsafe(shown, `has more than ${most} bytes`, 'look at what it holds, and make it smaller');
  if (size > most) throw tooLarge();
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(Math.min(readBytes, Math.max(size - total, 4096)));
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) return Buffer.concat(chunks);
    total += count;
    if (total > most) throw tooLarge();
    chunks.push(chunk.subarray(0, count));
  }
}

function openChecked<T>(path: string | Buffer, shown: string, owners: Owners, use: (fd: number) => T): T {
  let fd: number;
  try {
    const stats = lstatSync(path);
    if (!stats.isDirectory()) {
      throw unsafe(shown, `is ${stats.isFile() ? 'a file' : describeKind(stats)} and not a directory`);
    }
    fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw error instanceof BangerError ? error : unreadable(shown, error);
  }
  try {
    checkOwner(shown, fstatSync(fd), owners);
    return use(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function checkOwner(path: string, { uid }: Stats, { uids, top }: Owners): void {
  if (uids.has(uid)) return;
  const own = process.getuid?.() ?? 0;
  throw unsafe(
    path,
    `belongs to another user (uid ${uid})`,
    `if all of it is yours, run \`chown -R ${own} ${shellQuote(top)}\` as root, else clone it with \`git clone\` and give the clone`,
  );
}

function unreadable(path: string, error: unknown): BangerError {
  const code = getSystemCode(error) ?? 'unknown error';
  return new BangerError('CommandFailed', `${path} cannot be read (${code})`, {
    remedy: 'check its permissions',
    cause: error,
  });
}
