import { access, constants, statfs } from 'node:fs/promises';
import { getReason } from '../common/system-error.ts';
import { type Finding, fail, pass, warn } from './check.ts';

const GiB = 1024 ** 3;
/** An image, its kernel and a VM that has been used a little. */
const comfortableBytes = 4 * GiB;

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
