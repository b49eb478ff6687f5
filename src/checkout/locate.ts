import { lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { describeKind } from '../common/file-kind.ts';
import { Directory, unsafe } from './directory.ts';
import { openNamed } from './gitfile.ts';

/** A work tree and the git directory that was shown to be its own. */
export interface Location extends Disposable {
  /** The top of the work tree: the real directory that has `.git` in it. */
  top: string;
  /** What belongs to this work tree: HEAD, index. */
  git: Directory;
  /** What linked work trees share: objects, refs, configuration. The same directory where there are none. */
  common: Directory;
  /** Why the git directory is this work tree's own; decides what its configuration may say of the work tree. */
  proof: 'directory' | 'inside' | 'linked' | 'named';
}

/** A directory that has `.git` in it. */
export interface Top {
  path: string;
  /** Whether `.git` is a file, which names the git directory. */
  isNamed: boolean;
  /** The users that the directory and its `.git` belong to. */
  owners: ReadonlySet<number>;
}

/**
 * Finds the top of the work tree around a directory, as git does (gitrepository-layout(5)), but without git and without
 * belief in what the repository's configuration says: the top is the nearest directory that holds `.git`.
 * @throws InvalidArgs, NotARepository, UnsafeRepository
 */
export function findTop(source: string): Top {
  const directory = realDirectory(resolve(source));
  const device = statSync(directory).dev;
  for (let at = directory; ; at = dirname(at)) {
    const stats = statSync(at);
    if (stats.dev !== device) break;
    const found = lstatSync(join(at, '.git'), { throwIfNoEntry: false });
    if (found?.isDirectory() || found?.isFile()) {
      return { path: at, isNamed: found.isFile(), owners: new Set([stats.uid, found.uid]) };
    }
    if (found?.isSymbolicLink()) {
      throw unsafe(
        join(at, '.git'),
        `is a symbolic link`,
        `give the checkout that it leads to, or clone that with \`git clone\``,
      );
    }
    if (found) throw unsafe(join(at, '.git'), `is ${describeKind(found)} and not a git directory`);
    if (isGitDirectory(at)) throw notWorkTree(directory, at);
    if (at === dirname(at)) break;
  }
  throw new BangerError('NotARepository', `${directory} is not inside a git checkout`, {
    remedy: 'run `git init` there, or give the directory of one',
  });
}

/**
 * Opens the git directory of a work tree. A `.git` that names another directory is followed only if that one belongs to
 * this work tree; see `openNamed`.
 * @param owners whose files are read
 * @throws NotARepository, UnsafeRepository
 */
export function openLocation({ path, isNamed }: Top, owners: ReadonlySet<number>): Location {
  const location = isNamed ? { top: path, ...openNamed(path, owners) } : plain(path, owners);
  try {
    requireParts(location);
  } catch (error) {
    location[Symbol.dispose]();
    throw error;
  }
  return location;
}

/** Without these git takes a directory for none of its own. */
function requireParts({ git, common }: Location): void {
  for (const [directory, name] of [
    [git, 'HEAD'],
    [common, 'objects'],
    [common, 'refs'],
  ] as const) {
    if (directory.stat(name)) continue;
    throw new BangerError('NotARepository', `${directory.path} is not a git directory: it has no ${name}`, {
      remedy: 'clone the repository again, or run `git init` there if it is your own',
    });
  }
}

function plain(top: string, owners: ReadonlySet<number>): Location {
  const path = join(top, '.git');
  const git = Directory.open(path, owners);
  try {
    if (git.stat('commondir')) {
      throw unsafe(
        `${path}/commondir`,
        'names another git directory, which only that of a linked work tree may',
        'remove it',
      );
    }
  } catch (error) {
    git[Symbol.dispose]();
    throw error;
  }
  return { top, git, common: git, proof: 'directory', [Symbol.dispose]: () => git[Symbol.dispose]() };
}

/** As git recognises one; only types are looked at. */
function isGitDirectory(directory: string): boolean {
  const isThere = (name: string) => lstatSync(join(directory, name), { throwIfNoEntry: false });
  return Boolean(isThere('HEAD') && isThere('objects')?.isDirectory() && isThere('refs')?.isDirectory());
}

function notWorkTree(directory: string, git: string): BangerError {
  return git.endsWith('/.git')
    ? new BangerError('NotARepository', `${directory} is not in a work tree but in git's own directory`, {
        remedy: 'give the directory of the checkout',
      })
    : new BangerError('NotARepository', `${directory} is a bare repository, which has no files to copy`, {
        remedy: 'clone it and give the clone',
      });
}

function realDirectory(directory: string): string {
  try {
    if (statSync(directory).isDirectory()) return realpathSync(directory);
  } catch (error) {
    const code = getSystemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new BangerError('InvalidArgs', `${directory} does not exist`, {
        remedy: 'give the directory of a git checkout',
      });
    }
    throw new BangerError('InvalidArgs', `${directory} cannot be read (${code})`, {
      remedy: 'check its permissions',
      cause: error,
    });
  }
  throw new BangerError('InvalidArgs', `${directory} is not a directory`, {
    remedy: 'give the directory of a git checkout',
  });
}
