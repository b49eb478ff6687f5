import type { ErrorCode } from './error-table.ts';
import { BangerError, messageOf, systemCodeOf } from './errors.ts';

/** System calls that fail by the state of the host, and not by a bug; see errno(3). */
const causes: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['DiskFull', 'the file system is full'],
  EDQUOT: ['DiskFull', 'the quota is used up'],
  EROFS: ['HostNotReady', 'the file system is read-only'],
  EACCES: ['HostNotReady', 'permission is denied'],
  EPERM: ['HostNotReady', 'permission is denied'],
  ENOENT: ['HostNotReady', 'there is no such file'],
  ENOTDIR: ['HostNotReady', 'there is a file where a directory should be'],
  EISDIR: ['HostNotReady', 'there is a directory where a file should be'],
  EEXIST: ['HostNotReady', 'something else is in its place'],
  ELOOP: ['HostNotReady', 'its links lead in a circle'],
  ENAMETOOLONG: ['HostNotReady', 'the path is too long'],
  EIO: ['HostNotReady', 'the device fails'],
  EMFILE: ['HostNotReady', 'too many files are open'],
  ENFILE: ['HostNotReady', 'too many files are open on this host'],
  ENOMEM: ['HostNotReady', 'the host has no memory left'],
  EAGAIN: ['HostNotReady', 'the host lets no more processes start'],
};

/**
 * What was thrown, as an error that a user can read where the state of the host explains it: a system call
 * that failed for lack of space or rights, or a database that cannot be read or written. All else as it is.
 */
export function asKnownFailure(error: unknown): unknown {
  const code = systemCodeOf(error);
  if (error instanceof BangerError || code === undefined) return error;
  if (code.startsWith('SQLITE_')) {
    const kind = code === 'SQLITE_FULL' ? 'DiskFull' : 'HostNotReady';
    return new BangerError(kind, `the database cannot be used: ${messageOf(error)}`, { cause: error });
  }
  if (!Object.hasOwn(causes, code)) return error;
  const [kind, cause] = causes[code] ?? ['Internal', code];
  const { path, syscall } = error as NodeJS.ErrnoException;
  // Of spawn the call alone names the program.
  const where = [syscall, path !== undefined && !syscall?.endsWith(path) ? path : ''].filter(Boolean);
  return new BangerError(kind, `${where.join(' ') || code}: ${cause}`, { cause: error });
}
