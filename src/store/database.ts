import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { BangerError, getProblem, getSystemCode } from '../common/errors.ts';
import { asKnownFailure } from '../common/system-error.ts';
import { migrations } from './migrations.ts';

/** banger's state on disk: what was asked for and what was decided. What is true now is read from the system. */
export type Store = Database.Database;

/**
 * Opens the database, made if absent, and brings its schema up to date.
 * @throws DatabaseTooNew if a newer banger wrote it, HostNotReady if it is damaged or cannot be written,
 *   DiskFull
 */
export function openStore(path: string): Store {
  let store: Store | undefined;
  try {
    // SQLite gives its other files the mode of this one.
    closeSync(openSync(path, 'a', 0o600));
    store = new Database(path);
    store.pragma('journal_mode = WAL');
    store.pragma('synchronous = NORMAL');
    store.pragma('foreign_keys = ON');
    store.pragma('busy_timeout = 5000');
    migrate(store, path);
    return store;
  } catch (error) {
    store?.close();
    throw damaged(path, error) ?? asKnownFailure(error);
  }
}

function migrate(store: Store, path: string): void {
  const version = Number(store.pragma('user_version', { simple: true }));
  if (version > migrations.length) {
    throw new BangerError(
      'DatabaseTooNew',
      `${path} was written by a newer banger (schema ${version}, this one knows ${migrations.length})`,
      { remedy: 'install that version again' },
    );
  }
  migrations.slice(version).forEach((sql, index) => {
    store.transaction(() => {
      store.exec(sql);
      store.pragma(`user_version = ${version + index + 1}`);
    })();
  });
}

function damaged(path: string, error: unknown): BangerError | undefined {
  if (!/^SQLITE_(NOTADB|CORRUPT)/.test(getSystemCode(error) ?? '')) return undefined;
  return new BangerError('HostNotReady', `${path} is damaged (${getProblem(error)})`, {
    remedy: 'move it away to start afresh: the disks of the VMs stay beside it',
    cause: error,
  });
}
