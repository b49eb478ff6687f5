import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { BangerError, getSystemCode } from './errors.ts';
import { type Paths, variables } from './paths.ts';

/**
 * Checks that none of banger's directories leads into another by links: what is removed in one would be missing in the
 * other. Makes nothing.
 * @throws HostNotReady
 */
export function requireSeparateDirectories(paths: Paths): void {
  const kinds: (keyof Paths)[] = ['config', 'state', 'cache', 'runtime'];
  const real = new Map(kinds.map((kind) => [kind, resolveLinks(paths[kind])]));
  for (const inner of kinds.toReversed()) {
    for (const outer of kinds) {
      const place = real.get(inner) ?? '';
      if (inner === outer || !`${place}/`.startsWith(`${real.get(outer)}/`)) continue;
      throw new BangerError(
        'HostNotReady',
        `the ${inner} directory ${paths[inner]} leads to ${place}, into the ${outer} directory ${paths[outer]}`,
        { remedy: `set ${variables[inner]} to another place` },
      );
    }
  }
}

/** The path without links, also of what is not there yet. */
function resolveLinks(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const parent = dirname(path);
    if (parent === path || getSystemCode(error) !== 'ENOENT') return path;
    return `${resolveLinks(parent).replace(/\/$/, '')}/${path.slice(parent.length).replace(/^\//, '')}`;
  }
}
