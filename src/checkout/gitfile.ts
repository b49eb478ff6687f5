import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { shellQuote } from '../common/shell-quote.ts';
import { Directory, unsafe } from './directory.ts';
import type { Location } from './locate.ts';

/** A gitfile holds one path. */
const maxBytes = 8192;

/**
 * Opens the git directory that a gitfile, a file `.git` with `gitdir: PATH`, names (gitrepository-layout(5)). Anybody who
 * makes an archive can write such a file, so the directory has to belong to this work tree:
 * - `linked`: it has a file `gitdir` that names the work tree's `.git`, and is `worktrees/NAME` of the directory that its
 *   `commondir` names, which is where `git worktree add` puts it;
 * - `inside`: it is in the work tree itself, and so came with it, and is no other checkout's;
 * - `named`: neither; then `core.worktree` in its configuration has to name the work tree. Submodules have that.
 * @throws UnsafeRepository
 */
export function openNamed(top: string, owners: ReadonlySet<number>): Omit<Location, 'top'> {
  const gitfile = join(top, '.git');
  using directory = Directory.open(top, owners);
  const path = realTarget(gitfile, directory);
  const git = Directory.open(path, owners);
  try {
    if (git.stat('commondir')) {
      const common = openCommon(gitfile, git, owners);
      const dispose = () => {
        git[Symbol.dispose]();
        common[Symbol.dispose]();
      };
      return { git, common, proof: 'linked', [Symbol.dispose]: dispose };
    }
    // A `.git` further in is that of another checkout.
    const proof = isBelow(path, top) && basename(path) !== '.git' ? 'inside' : 'named';
    return { git, common: git, proof, [Symbol.dispose]: () => git[Symbol.dispose]() };
  } catch (error) {
    git[Symbol.dispose]();
    throw error;
  }
}

/**
 * The error for a git directory that a gitfile names and that does not name the work tree.
 * @param other the work tree that it names, if any
 */
export function notNamed(top: string, path: string, other: string | undefined): BangerError {
  const says = other === undefined ? 'does not name this work tree in return' : `belongs to ${other}`;
  return unsafe(
    `${top}/.git`,
    `names the git directory ${path}, which ${says}`,
    `if it is the one of this checkout, run \`git -C ${shellQuote(top)} config core.worktree ${shellQuote(top)}\``,
  );
}

function realTarget(gitfile: string, directory: Directory): string {
  const text = directory.read('.git', maxBytes)?.toString('utf8') ?? '';
  const named = /^gitdir: (.+?)[\r\n]*$/s.exec(text)?.[1];
  if (named === undefined || /[\r\n\0]/.test(named)) {
    throw new BangerError('NotARepository', `${gitfile} is a file that does not name a git directory`, {
      remedy: 'remove it, or give another checkout',
    });
  }
  const path = resolve(directory.path, named);
  const real = realPath(path);
  if (real === undefined) {
    throw new BangerError(
      'NotARepository',
      `${gitfile} names the git directory ${path}, which is not there`,
      { remedy: 'run `git worktree repair` in its repository if it was moved' },
    );
  }
  // Git writes real paths; a link on the way could be the repository's.
  if (real !== path) {
    throw unsafe(
      gitfile,
      `names the git directory ${path}, which leads through a symbolic link to ${real}`,
      'write the real path in it, or run `git worktree repair`',
    );
  }
  return real;
}

function openCommon(gitfile: string, git: Directory, owners: ReadonlySet<number>): Directory {
  const forged = (why: string) =>
    unsafe(
      gitfile,
      `names the git directory ${git.path}, ${why}`,
      `if this is a linked work tree, run \`git worktree repair ${shellQuote(dirname(gitfile))}\` in its repository`,
    );
  const back = readPath(git, 'gitdir');
  if (back === undefined || realPath(back) !== gitfile) throw forged('which belongs to another work tree');
  const named = readPath(git, 'commondir');
  const common = named === undefined ? undefined : realPath(named);
  const parent = dirname(git.path);
  const top = dirname(gitfile);
  // What came with the work tree can forge all of this: then the repository has to have come with it as well.
  const isOutside = isBelow(git.path, top) && !isBelow(common ?? '/', top);
  if (basename(parent) !== 'worktrees' || common !== dirname(parent) || isOutside) {
    throw forged(`which is not among the work trees of ${named ?? 'a repository'}`);
  }
  return Directory.open(common, owners);
}

/** Checks whether a real path is a directory or in it. */
function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory === '/' ? '' : directory}/`);
}

/** A file of a git directory that holds one path, relative to it. */
function readPath(git: Directory, name: string): string | undefined {
  const text = git.read(name, maxBytes)?.toString('utf8').replace(/\n+$/, '');
  return text ? resolve(git.path, text) : undefined;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
