import { type FileHandle, open } from 'node:fs/promises';
import { BangerError, getMessage, getSystemCode } from '../common/errors.ts';

const chunkBytes = 64 * 1024;

/** Where a log is read from, piece by piece. */
export interface LogSource {
  /** Whether there was a log when it was last read. */
  readonly seen: boolean;
  /** What was written since the last call, up to now; `emptied` first if it begins anew. */
  news(): AsyncGenerator<Buffer | 'emptied'>;
  /** Lets go of it. */
  close(): void;
}

/** A log that another program writes: it grows, is emptied now and then, and may not be there yet. */
export class LogFile implements LogSource {
  readonly path: string;
  #offset = 0;
  #seen = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Is true if the file was there when it was last read. */
  get seen(): boolean {
    return this.#seen;
  }

  /**
   * What was written since the last call, up to now: a writer that never pauses does not keep the reader.
   * Gives `emptied` first if the file was emptied meanwhile and begins anew.
   * @throws HostNotReady if there is a file that cannot be read
   */
  async *news(): AsyncGenerator<Buffer | 'emptied'> {
    const file = await this.#open();
    this.#seen = file !== undefined;
    if (!file) return;
    try {
      const { size } = await file.stat();
      if (size < this.#offset) {
        this.#offset = 0;
        yield 'emptied';
      }
      while (this.#offset < size) {
        const buffer = Buffer.alloc(Math.min(chunkBytes, size - this.#offset));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
        if (bytesRead === 0) return;
        this.#offset += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  /** Nothing stays open between two readings. */
  close(): void {}

  async #open(): Promise<FileHandle | undefined> {
    try {
      return await open(this.path, 'r');
    } catch (error) {
      if (getSystemCode(error) === 'ENOENT') return undefined;
      throw new BangerError('HostNotReady', `the log ${this.path} cannot be read: ${getMessage(error)}`, {
        cause: error,
      });
    }
  }
}
