import { access, constants, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { getReason } from '../common/system-error.ts';
import { temporaryObstacle } from '../common/temporary.ts';
import { type Finding, fail, pass, warn } from './check.ts';

const GiB = 1024 ** 3;
/** An image, its kernel and a VM that has been used a little. */
const comfortableBytes = 4 * GiB;

/** Checks whether images can be made in the directory for temporary files. */
export function checkTemporary(): Finding {
  const remedy = 'set TMPDIR to a directory that can be written and whose programs run';
  try {
    const obstacle = temporaryObstacle();
    if (obstacle === undefined) return pass('temporary', `images are made in ${tmpdir()}`);
    return fail('temporary', obstacle.problem, obstacle.remedy ?? remedy);
  } catch (error) {
    return fail('temporary', `${tmpdir()} cannot be written: ${getReason(error)}`, remedy);
  }
}

/** Checks whether the state directory can be written and has room. */
export async function checkStorage(stateDirectory: string): Promise<Finding> {
  try {
    await access(stateDirectory, constants.W_OK);
    const { bavail, bsize } = await statfs(stateDirectory);
    const free = `${((bavail * bsize) / GiB).toFixed(1)} GiB are free in ${stateDirectory}`;
    if (bavail * bsize >= comfortableBytes) return pass('storage', free);
    return warn('storage', `only ${free}`, 'banger vm list, and delete what is not needed');
  } catch (error) {
    return fail(
      'storage',
      `the state directory cannot be written: ${getReason(error)}`,
      `mkdir -p ${stateDirectory}`,
    );
  }
}
