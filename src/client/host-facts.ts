import type { LogSource } from '../logs/log-file.ts';
import type { JournalLine, JournalQuery } from './logs/journal.ts';
import type { GuestAccess } from './session/access.ts';

/**
 * The host of a daemon and its VMs, as a client sees it beside the bus. All that a client knows of that host's files and
 * of its journal comes through here, so that the host may be another one.
 */
export interface HostFacts {
  /** Opens a log that a program of the host writes to a file, which need not be there yet. */
  openLog(path: string): Promise<LogSource>;
  /** Opens entries of the user's journal as a log. @param matches as `journalctl` takes them */
  openJournal(matches: readonly string[], query: Pick<JournalQuery, 'lines' | 'since'>): Promise<LogSource>;
  /** Finds the last entry of the user's journal that matches; nothing where there is none, or no journal. */
  findLastEntry(matches: readonly string[]): Promise<JournalLine | undefined>;
  /** Finds when a file or directory was last changed, in milliseconds since the epoch; nothing if it is not there. */
  findChangeTime(path: string): Promise<number | undefined>;
  /** Turns what the daemon tells of the way to a guest into what ssh on this machine needs: its files are the host's. */
  resolveAccess(access: GuestAccess): Promise<GuestAccess>;
}
