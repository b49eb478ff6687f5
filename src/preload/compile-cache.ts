import { existsSync, mkdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The parts of `Stats` that tell who can change a directory. */
type Ownership = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/**
 * Returns the directory for V8's compiled code, which is made if it is missing: whoever writes there has us run what
 * they like. So it is used only if it is ours, and if nobody but us and root can change it or a directory above it.
 * An environment that comes from another user, as by `sudo -E`, leads to that user's directories.
 * @param env whose XDG_CACHE_HOME, else whose HOME, says where it is
 * @returns nothing if there is no such directory, or it cannot be made
 */
export function compileCacheDirectory(env: NodeJS.ProcessEnv): string | undefined {
  const { XDG_CACHE_HOME, HOME } = env;
  const cache = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : isAbsolute(HOME) && join(HOME, '.cache');
  if (!cache) return undefined;
  try {
    const directory = trustedDirectory(join(cache, 'banger', 'node'));
    return directory !== undefined && statSync(directory).uid === process.geteuid?.() ? directory : undefined;
  } catch {
    // Programs only start more slowly without it.
    return undefined;
  }
}

/** The directory without links in its path, made if it is missing; nothing if another user can change it or its path. */
function trustedDirectory(path: string): string | undefined {
  if (!existsSync(path)) {
    const parent = trustedDirectory(dirname(path));
    if (parent === undefined) return undefined;
    const made = join(parent, basename(path));
    // It fails where a link leads to nothing.
    mkdirSync(made, { mode: 0o700 });
    return made;
  }
  const real = realpathSync.native(path);
  for (let directory = real; ; directory = dirname(directory)) {
    if (!isTrusted(statSync(directory))) return undefined;
    if (directory === dirname(directory)) return real;
  }
}

/** Checks whether nobody but us and root can replace what is in a directory. A sticky one keeps each user's own entries. */
function isTrusted({ uid, gid, mode }: Ownership): boolean {
  const [user, group] = [process.geteuid?.(), process.getegid?.()];
  if (uid !== 0 && uid !== user) return false;
  const isSticky = (mode & 0o1000) !== 0;
  const byGroup = (mode & 0o020) !== 0 && gid !== group;
  return isSticky || !((mode & 0o002) !== 0 || byGroup);
}

function isAbsolute(path: string | undefined): path is string {
  return path?.startsWith('/') === true;
}
