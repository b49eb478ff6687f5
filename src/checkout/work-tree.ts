import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
} from 'node:fs';
import { getSystemCode } from '../common/errors.ts';

/** open(2): a descriptor by which names are found; it needs no permission to read. Node does not name it. */
const O_PATH = 0o10000000;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
const slash = '/'.charCodeAt(0);

/**
 * The work tree on disk. Each directory on the way to a file is opened by itself, below the one before, so that no
 * symbolic link is followed, also none that takes a directory's place meanwhile. Paths are bytes of any encoding.
 */
export class WorkTree implements Disposable {
  readonly #root: number;
  /** The directories on the way to what was asked for last. */
  readonly #open: { name: Buffer; fd: number }[] = [];

  /** @param root a real path. @throws the system's errors */
  constructor(root: string) {
    this.#root = openSync(root, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  }

  /** The file or link at a path; nothing if there is none, or something else. */
  stat(path: Buffer): BigIntStats | 'unreadable' | undefined {
    try {
      const place = this.#enter(path);
      const stats = place && lstatSync(place, { bigint: true, throwIfNoEntry: false });
      return stats?.isFile() || stats?.isSymbolicLink() ? stats : undefined;
    } catch (error) {
      return isAbsent(error) ? undefined : 'unreadable';
    }
  }

  /** Finds where a symbolic link points. @throws the system's errors */
  readLink(path: Buffer): Buffer | undefined {
    const place = this.#enter(path);
    return place && readlinkSync(place, 'buffer');
  }

  /**
   * Opens a regular file and closes it after its use. Nothing is waited for: not for the other end of a pipe either.
   * @returns nothing if it is not there any more, or something else
   * @throws the system's errors
   */
  open<T>(path: Buffer, use: (fd: number, stats: BigIntStats) => T): T | undefined {
    const place = this.#enter(path);
    if (!place || !lstatSync(place, { throwIfNoEntry: false })?.isFile()) return undefined;
    const fd = openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    try {
      const stats = fstatSync(fd, { bigint: true });
      return stats.isFile() ? use(fd, stats) : undefined;
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    this.#leave(0);
    closeSync(this.#root);
  }

  /** The path by which the last name is reached; nothing if a directory on the way is not one. */
  #enter(path: Buffer): Buffer | undefined {
    const names = split(path);
    const last = names.pop();
    if (!last) return undefined;
    const kept = this.#open.findIndex(({ name }, level) => !names[level]?.equals(name));
    if (kept >= 0) this.#leave(kept);
    for (const name of names.slice(this.#open.length)) {
      try {
        this.#open.push({
          name,
          fd: openSync(this.#child(name), O_PATH | O_DIRECTORY | O_NOFOLLOW),
        });
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    }
    return this.#child(last);
  }

  #child(name: Buffer): Buffer {
    const directory = this.#open.at(-1)?.fd ?? this.#root;
    return Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), name]);
  }

  #leave(level: number): void {
    for (const { fd } of this.#open.splice(level)) closeSync(fd);
  }
}

/** Also of what has become a link, which is a directory no more. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(getSystemCode(error) ?? '');
}

function split(path: Buffer): Buffer[] {
  const names: Buffer[] = [];
  let start = 0;
  for (let end = path.indexOf(slash); end >= 0; end = path.indexOf(slash, start)) {
    names.push(path.subarray(start, end));
    start = end + 1;
  }
  names.push(path.subarray(start));
  return names;
}
