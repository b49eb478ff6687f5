import { isUtf8 } from 'node:buffer';
import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { BangerError, getSystemCode } from '../../common/errors.ts';
import { describeKind } from '../../common/file-kind.ts';

/** Where on this host something that the user named goes. */
export type Destination =
  /** A name in a directory: what has the name is replaced. */
  | { kind: 'name'; directory: string; name: string }
  /** A device or a named pipe, which is written into. */
  | { kind: 'special'; path: string };

/**
 * Finds where a path that the user named leads, as scp and cp do: a symbolic link to a file stays, and what it leads to
 * gets the contents; devices and named pipes are written into.
 * @throws AlreadyExists, CommandFailed for what can be neither replaced nor written into
 */
export function findDestination(path: string): Destination {
  const itself = lstatSync(path, { throwIfNoEntry: false });
  const there = itself?.isSymbolicLink() ? followed(path) : itself;
  if (there?.isSocket()) {
    throw new BangerError('AlreadyExists', `${path}: it is a socket, into which nothing can be copied`, {
      remedy: 'choose another name',
    });
  }
  if (there && !there.isFile() && !there.isDirectory()) return { kind: 'special', path };
  if (itself?.isSymbolicLink() && there?.isDirectory()) {
    throw new BangerError('AlreadyExists', `${path}: a symbolic link to a directory is in the way`, {
      remedy: 'move it away, or copy into the directory by its own name',
    });
  }
  const real = itself?.isSymbolicLink() ? realPath(path) : path;
  return { kind: 'name', directory: dirname(real), name: basename(real) };
}

/** Says what a destination is, if it is neither a file nor a directory nor a link. */
export function describeSpecial(stats: Stats | undefined): string | undefined {
  if (!stats || stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) return undefined;
  return describeKind(stats);
}

function followed(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    const isCircle = getSystemCode(cause) === 'ELOOP';
    const what = isCircle
      ? 'its symbolic links lead in a circle'
      : 'it is a symbolic link to something that does not exist';
    throw new BangerError('CommandFailed', `${path}: ${what}`, {
      remedy: 'remove the link, or make what it leads to',
      cause,
    });
  }
}

function realPath(path: string): string {
  const real = realpathSync.native(path, { encoding: 'buffer' });
  if (isUtf8(real)) return real.toString();
  throw new BangerError('CommandFailed', `${path}: it is a link to a name that is not UTF-8`, {
    remedy: 'give a destination that is not behind this link',
  });
}
