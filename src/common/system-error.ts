import type { ErrorCode } from './error-table.ts';
import { BangerError, messageOf, systemCodeOf } from './errors.ts';

/** System calls that fail by the state of the host, and not by a bug; see errno(3). */
const causes: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['DiskFull', 'the file system is full; free some space there'],
  EDQUOT: ['DiskFull', 'the quota is used up; free some space there'],
  EROFS: ['HostNotReady', 'the file system is read-only; mount it so that it can be written'],
  EACCES: ['HostNotReady', 'permission is denied; see whose it is and what mode it has'],
  EPERM: ['HostNotReady', 'permission is denied; see whose it is and what mode it has'],
  ENOENT: ['HostNotReady', 'there is no such file; put it back, or make anew what it belongs to'],
  ENOTDIR: ['HostNotReady', 'there is a file where a directory should be; move it away'],
  EISDIR: ['HostNotReady', 'there is a directory where a file should be; move it away'],
  EEXIST: ['HostNotReady', 'something else is in its place; move it away'],
  ELOOP: ['HostNotReady', 'its links lead in a circle; mend them'],
  ENAMETOOLONG: ['HostNotReady', 'the path is too long; use a shorter one'],
  EIO: ['HostNotReady', 'the device fails; see the messages of the kernel'],
  EMFILE: ['HostNotReady', 'too many files are open; raise the limit with `ulimit -n`'],
  ENFILE: ['HostNotReady', 'too many files are open on this host; end some programs'],
  ENOMEM: ['HostNotReady', 'the host has no memory left; stop a VM'],
  EAGAIN: ['HostNotReady', 'the host lets no more processes start; end some programs'],
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
    const message = `the database cannot be used: ${messageOf(error)}; see that its directory can be written and has room`;
    return new BangerError(kind, message, { cause: error });
  }
  if (!Object.hasOwn(causes, code)) return error;
  const [kind, cause] = causes[code] ?? ['Internal', code];
  const { path, syscall } = error as NodeJS.ErrnoException;
  // Of spawn the call alone names the program.
  const where = [syscall, path !== undefined && !syscall?.endsWith(path) ? path : ''].filter(Boolean);
  return new BangerError(kind, `${where.join(' ') || code}: ${cause}`, { cause: error });
}

/** Why something failed, as a clause for a message that names what failed and the remedy itself. */
export function reasonOf(error: unknown): string {
  const [, words = messageOf(error)] =
    error instanceof BangerError ? [] : (causes[systemCodeOf(error) ?? ''] ?? []);
  return words.split('; ', 1)[0] ?? words;
}
