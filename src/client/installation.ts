import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BangerError } from '../common/errors.ts';

/** A checkout keeps this file three levels below its root, a bundle fewer. */
const maxLevels = 4;

/**
 * The launcher of the daemon that belongs to this program: `bin/bangerd` of the nearest directory above
 * that has one, so that an installed CLI never starts a checkout's daemon or the other way round.
 * @throws HostNotReady if the installation is not whole
 */
export function bangerdLauncher(): string {
  let directory = import.meta.dirname;
  for (let level = 0; level < maxLevels; level++) {
    const launcher = join(directory, 'bin', 'bangerd');
    if (existsSync(launcher)) return launcher;
    directory = dirname(directory);
  }
  throw new BangerError('HostNotReady', `bin/bangerd is missing above ${import.meta.dirname}`, {
    remedy: 'install banger again',
  });
}

/**
 * The program that packs files for a copy: the same that guests have for it (guest/copy). In a checkout it is in
 * build/, as guest/ has its sources there.
 * @throws HostNotReady if it was not built
 */
export function copyProgram(): string {
  let directory = import.meta.dirname;
  for (let level = 0; level < maxLevels; level++) {
    for (const path of [join(directory, 'build/guest/sync'), join(directory, 'guest/sync')]) {
      if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
    }
    directory = dirname(directory);
  }
  throw new BangerError('HostNotReady', `guest/sync is missing above ${import.meta.dirname}`, {
    remedy: 'install banger again, or run `make build` in the checkout',
  });
}
