import { existsSync } from 'node:fs';
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
