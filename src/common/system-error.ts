import type { ErrorCode } from './error-table.ts';
import { BangerError, getMessage, getProblem, getSystemCode, type Obstacle } from './errors.ts';

/** System calls that fail by the state of the host, and not by a bug; see errno(3). */
const causes: Readonly<Record<string, { code: ErrorCode } & Required<Obstacle>>> = {
  ENOSPC: { code: 'DiskFull', problem: 'the file system is full', remedy: 'free some space there' },
  EDQUOT: { code: 'DiskFull', problem: 'the quota is used up', remedy: 'free some space there' },
  EROFS: {
    code: 'HostNotReady',
    problem: 'the file system is read-only',
    remedy: 'mount it so that it can be written',
  },
  EACCES: {
    code: 'HostNotReady',
    problem: 'permission is denied',
    remedy: 'see whose it is and what mode it has',
  },
  EPERM: {
    code: 'HostNotReady',
    problem: 'permission is denied',
    remedy: 'see whose it is and what mode it has',
  },
  ENOENT: {
    code: 'HostNotReady',
    problem: 'there is no such file',
    remedy: 'put it back, or make again what it belongs to',
  },
  ENOTDIR: {
    code: 'HostNotReady',
    problem: 'there is a file where a directory should be',
    remedy: 'move it away',
  },
  EISDIR: {
    code: 'HostNotReady',
    problem: 'there is a directory where a file should be',
    remedy: 'move it away',
  },
  EEXIST: { code: 'HostNotReady', problem: 'something else is in its place', remedy: 'move it away' },
  ELOOP: { code: 'HostNotReady', problem: 'its links lead in a circle', remedy: 'correct them' },
  ENAMETOOLONG: { code: 'HostNotReady', problem: 'the path is too long', remedy: 'use a shorter one' },
  EIO: { code: 'HostNotReady', problem: 'the device fails', remedy: 'see the messages of the kernel' },
  EMFILE: {
    code: 'HostNotReady',
    problem: 'too many files are open',
    remedy: 'raise the limit with `ulimit -n`',
  },
  ENFILE: {
    code: 'HostNotReady',
    problem: 'too many files are open on this host',
    remedy: 'end some programs',
  },
  ENOMEM: { code: 'HostNotReady', problem: 'the host has no memory left', remedy: 'stop a VM' },
  EAGAIN: {
    code: 'HostNotReady',
    problem: 'the host lets no more processes start',
    remedy: 'end some programs',
  },
};

/**
 * What was thrown, as an error that a user can read where the state of the host explains it: a system call
 * that failed for lack of space or rights, or a database that cannot be read or written. All else as it is.
 */
export function asKnownFailure(error: unknown): unknown {
  const code = getSystemCode(error);
  if (error instanceof BangerError || code === undefined) return error;
  if (code.startsWith('SQLITE_')) {
    const kind = code === 'SQLITE_FULL' ? 'DiskFull' : 'HostNotReady';
    return new BangerError(kind, `the database cannot be used: ${getProblem(error)}`, {
      remedy: 'see that its directory can be written and has room',
      cause: error,
    });
  }
  const known = Object.hasOwn(causes, code) ? causes[code] : undefined;
  if (!known) return error;
  const { path, syscall } = error as NodeJS.ErrnoException;
  // Of spawn the call alone names the program.
  const where = [syscall, path !== undefined && !syscall?.endsWith(path) ? path : ''].filter(Boolean);
  return new BangerError(known.code, `${where.join(' ') || code}: ${known.problem}`, {
    remedy: known.remedy,
    cause: error,
  });
}

/** Gets why something failed, as a clause for a message that names what failed and the remedy itself. */
export function getReason(error: unknown): string {
  return error instanceof BangerError
    ? error.problem
    : (causes[getSystemCode(error) ?? '']?.problem ?? getMessage(error));
}
