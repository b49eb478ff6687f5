import { lstatSync, mkdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { BangerError, getSystemCode } from './errors.ts';
import { findNearest } from './nearest.ts';
import { type Paths, variables } from './paths.ts';
import { findUser, overflowUid } from './user.ts';

/** How banger's directories are to be, apart from belonging to this user alone. */
interface Rules {
  /** Whether a symbolic link of this user's own may stand in its place. */
  mayBeLink: boolean;
  /** What the user can do about a directory that somebody else has taken. */
  elsewhere: string;
}

/**
 * Makes one of the directories that all others of banger's lie in, with its parents. Only this user may enter it, and
 * nobody else may put another in its place. Those that last may be a link by which the user keeps them elsewhere.
 * @throws HostNotReady if it is anything else, before it is made if possible
 */
export function makeOwnDirectory(paths: Paths, kind: keyof Paths): string {
  return make(paths[kind], rulesOf(kind));
}

/** Checks one of these directories if it is there. @throws HostNotReady as `makeOwnDirectory` */
export function requireOwnDirectory(paths: Paths, kind: keyof Paths): void {
  const path = paths[kind];
  if (!lstatSync(path, { throwIfNoEntry: false })) return;
  requireSafeParent(dirname(path), path, rulesOf(kind));
  requirePrivate(path, rulesOf(kind));
}

/**
 * Makes a directory below banger's own that only this user may enter, with its parents.
 * @throws HostNotReady if it is a symbolic link, belongs to somebody else or is open to others
 */
export function makePrivateDirectory(path: string): string {
  return make(path, { mayBeLink: false, elsewhere: 'have its owner move it away' });
}

function rulesOf(kind: keyof Paths): Rules {
  return { mayBeLink: kind !== 'runtime', elsewhere: `set ${variables[kind]} to a directory of your own` };
}

function make(path: string, rules: Rules): string {
  const parent = dirname(path);
  requireSafeParent(findNearest(parent), path, rules);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  requireSafeParent(parent, path, rules);
  try {
    // Not with its parents at once: that would follow a link which leads nowhere.
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (getSystemCode(error) !== 'EEXIST') throw error;
  }
  requirePrivate(path, rules);
  return path;
}

/** Checks what has the name, then what it leads to. Nobody else can change the one into another after that. */
function requirePrivate(path: string, rules: Rules): void {
  const entry = lstatSync(path);
  if (entry.isSymbolicLink() && !(rules.mayBeLink && isOwn(entry))) {
    throw refused(
      `${path} is a symbolic link of uid ${entry.uid} and not a directory of its own`,
      path,
      rules,
    );
  }
  const stat = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : entry;
  if (!stat) throw refused(`${path} is a symbolic link that leads nowhere`, path, rules);
  if (!stat.isDirectory())
    throw refused(`${path} is not a directory: something else is in its place`, path, rules);
  if (!isOwn(stat)) {
    throw refused(`${path} belongs to another user (uid ${stat.uid})`, path, rules);
  }
  if ((stat.mode & 0o077) !== 0) {
    throw new BangerError('HostNotReady', `${path} is open to other users`, {
      remedy: `run \`chmod 700 ${path}\``,
    });
  }
}

/** Checks that no other user can put something of theirs in the place of what this directory holds. */
function requireSafeParent(parent: string, path: string, rules: Rules): void {
  const stat = statSync(parent);
  if (!stat.isDirectory()) {
    throw new BangerError('HostNotReady', `${parent}: there is a file where a directory should be`, {
      remedy: 'move it away',
    });
  }
  const isSticky = (stat.mode & 0o1000) !== 0;
  if (isTrusted(stat) && ((stat.mode & 0o002) === 0 || isSticky)) return;
  const why = isTrusted(stat) ? 'is open to other users' : `belongs to another user (uid ${stat.uid})`;
  throw new BangerError('HostNotReady', `${parent} ${why}, who could replace ${path}`, {
    remedy: `${rules.elsewhere}`,
  });
}

/** Names what this user can do: another's entry in a directory such as /tmp only its owner and root can remove. */
function refused(what: string, path: string, { elsewhere }: Rules): BangerError {
  const { uid } = findUser();
  const canMove = uid === 0 || statSync(dirname(path)).uid === uid;
  return new BangerError('HostNotReady', `${what}`, { remedy: `${canMove ? 'move it away' : elsewhere}` });
}

function isOwn({ uid }: Stats): boolean {
  return uid === findUser().uid;
}

/** Checks whether it belongs to this user or to root. Where the daemon is a service, root is one of those who have no uid. */
function isTrusted(stat: Stats): boolean {
  return isOwn(stat) || stat.uid === 0 || (stat.uid === overflowUid && isInUserNamespace());
}

function isInUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8'));
}
