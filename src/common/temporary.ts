import { randomBytes } from 'node:crypto';
import { accessSync, constants, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getSystemCode, type Obstacle } from './errors.ts';

/**
 * Finds what keeps programs from being run in the directory for temporary files, where images are made. For a file that
 * anybody may run, access(2) tells of the mount option noexec.
 * @throws the system's error if nothing can be written there
 */
export function temporaryObstacle(directory = tmpdir()): Obstacle | undefined {
  const trial = join(directory, `banger-trial-${randomBytes(8).toString('hex')}`);
  writeFileSync(trial, '', { mode: 0o700, flag: 'wx' });
  try {
    accessSync(trial, constants.X_OK);
    return undefined;
  } catch (error) {
    if (getSystemCode(error) !== 'EACCES') throw error;
    return {
      problem: `${directory} is mounted noexec, and an image is made by programs that run there`,
      remedy: 'set TMPDIR to a directory elsewhere, for bangerd too: `systemctl --user edit bangerd`',
    };
  } finally {
    rmSync(trial, { force: true });
  }
}
