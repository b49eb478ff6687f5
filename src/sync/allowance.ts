import { BangerError } from '../common/errors.ts';
import { formatSize } from '../common/units.ts';

/**
 * What guests are given at each start is meant to be settings and keys, not data. Guests look at all of it at
 * each start, and without hardware virtualisation, on a busy host, that takes seconds for so much.
 */
export const maxSyncedBytes = 16 * 1024 * 1024;
export const maxSyncedEntries = 10_000;

/** How much of what one start may take is left. */
export class Allowance {
  #entries = maxSyncedEntries;
  #bytes = maxSyncedBytes;

  /** Counts how many bytes a file may still have. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts one more file, directory or link. @throws InvalidConfig if there were too many */
  countEntry(where: string): void {
    if (--this.#entries < 0) throw tooMuch(where, `${maxSyncedEntries} files`);
  }

  /** Counts the content of a file. @throws InvalidConfig if there was too much */
  countBytes(where: string, bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) throw tooMuch(where, formatSize(maxSyncedBytes));
  }
}

function tooMuch(where: string, most: string): BangerError {
  return new BangerError(
    'InvalidConfig',
    `${where} makes it more than ${most}, the most that is synced at a start`,
    { remedy: 'name less in config.toml, and copy what is large with `banger vm cp`' },
  );
}
