import { realpath, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { BangerError, getSystemCode } from './errors.ts';

/**
 * Removes something of banger's own with all that is in it, or does nothing if it is not there. What links in it lead
 * to stays. This is the one way to remove a tree in banger's directories, so that a link put there by mistake or by
 * somebody else never has it remove files in another place.
 * @param base a directory that `makeOwnDirectory` has checked; its own path may have links
 * @param path below it, with no link between the two
 * @param apart another of banger's directories, in which it must not lie whatever has become of `base`
 * @throws HostNotReady if there is a link between the two; then nothing is removed
 */
export async function removeTree(base: string, path: string, apart?: string): Promise<void> {
  const way = relative(base, path);
  if (way === '' || way.startsWith('..')) throw new Error(`${path} does not lie in ${base}`);
  const parent = dirname(path);
  const [real, expected] = await Promise.all([
    realpathIfThere(parent),
    realpathIfThere(base).then((directory) => directory && join(directory, dirname(way))),
  ]);
  if (real === undefined) return;
  const forbidden = apart === undefined ? undefined : await realpathIfThere(apart);
  if (real !== expected || (forbidden !== undefined && `${real}/`.startsWith(`${forbidden}/`))) {
    throw new BangerError(
      'HostNotReady',
      `${path} is not removed, as a symbolic link leads from there to ${real}`,
      { remedy: 'replace the link by a directory' },
    );
  }
  // A program that was killed a moment ago may still be writing there.
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
}

async function realpathIfThere(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (getSystemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
