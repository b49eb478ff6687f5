import { basename, dirname, normalize, posix } from 'node:path';
import { BangerError } from '../../common/errors.ts';

/** Where something is copied from or to, as it was typed. */
export interface Place {
  /** The reference of a VM; nothing for this host. */
  vm: string | undefined;
  path: string;
}

/** A thing to copy by the directory it is in; `.` stands for what is in that directory. */
export interface CopySource {
  directory: string;
  name: string;
  /** What was typed, for messages. */
  typed: string;
}

/** Relative paths in a guest start here. */
const guestHome = '/root';

/**
 * Reads `VM:PATH`, `VM:` or a path of this host, which may have a colon behind a slash, as scp does.
 * @throws InvalidArgs
 */
export function parsePlace(text: string): Place {
  if (text === '')
    throw new BangerError('InvalidArgs', 'a path is empty', { remedy: 'write . for this directory' });
  const [, vm, path] = /^([^/:]*):([\s\S]*)$/.exec(text) ?? [];
  if (vm === undefined || path === undefined) return { vm: undefined, path: text };
  if (vm === '') {
    throw new BangerError('InvalidArgs', `${text} names no VM before the colon`, {
      remedy: `write ./${text} for a file`,
    });
  }
  return { vm, path };
}

/** What to copy from a guest. */
export function guestSource(path: string): CopySource {
  const whole = absoluteInGuest(path);
  return split(whole, posix.dirname(whole), posix.basename(whole), path);
}

/** What to copy from this host. @throws CommandFailed for a relative path if the working directory was removed */
export function hostSource(path: string): CopySource {
  requireStart(path);
  return split(path, dirname(path), basename(path), path);
}

/**
 * A path in a guest made absolute; a slash at its end stays. `~` is root's home, as for scp.
 * @throws InvalidArgs for the home of another user
 */
export function absoluteInGuest(path: string): string {
  if (path.startsWith('/')) return path;
  const [, user, rest = ''] = /^~([^/]*)(\/[\s\S]*)?$/.exec(path) ?? [];
  if (user === '') return `${guestHome}${rest}`;
  if (user !== undefined) {
    throw new BangerError('InvalidArgs', `${path}: ~${user} is not known here`, {
      remedy: `write ./${path} for a file of this name, and /home/${user} for a home`,
    });
  }
  return `${guestHome}${path === '' ? '' : '/'}${path}`;
}

/**
 * A path of this host without a slash at its end. A relative one stays so: the working directory may have any name.
 * @throws CommandFailed for a relative path if the working directory was removed
 */
export function pathOnHost(path: string): string {
  requireStart(path);
  return normalize(path).replace(/(?<=.)\/+$/, '');
}

/** Nothing can be reached from a directory that is gone, nor put there. */
function requireStart(path: string): void {
  if (path.startsWith('/')) return;
  try {
    process.cwd();
  } catch (cause) {
    throw new BangerError('CommandFailed', `${path}: the working directory was removed`, {
      remedy: 'change to one that exists',
      cause,
    });
  }
}

/** A path whose last name says nothing of its own stands for the contents, as for cp. */
function split(whole: string, directory: string, name: string, typed: string): CopySource {
  if (name === '' || name === '.' || name === '..') return { directory: whole, name: '.', typed };
  // A slash at the end means the directory that a symbolic link leads to.
  return { directory, name: whole.endsWith('/') ? `${name}/` : name, typed };
}

/** The name that a source has where it arrives. */
export function arrivalName({ name }: CopySource): string {
  return name.replace(/\/+$/, '');
}
