import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** ssh's last words are at the end; a session of days may have many before. */
const keptBytes = 256 * 1024;

/** A file for one program to log into. It has no name, so nothing is left of it however we end. */
export class PrivateLog implements Disposable {
  readonly #fd: number;

  constructor() {
    // Not by a random name of our own: to load node:crypto takes longer than all the rest of a session's start.
    const directory = mkdtempSync(join(tmpdir(), 'banger-'));
    try {
      const file = join(directory, 'log');
      this.#fd = openSync(file, 'wx+', 0o600);
      unlinkSync(file);
    } finally {
      rmdirSync(directory);
    }
  }

  /** Finds where a program of this user can open the file. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#fd}`;
  }

  read(): string {
    const { size } = fstatSync(this.#fd);
    const buffer = Buffer.alloc(Math.min(size, keptBytes));
    const length = readSync(this.#fd, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, length);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
