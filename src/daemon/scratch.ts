import { dirname, join } from 'node:path';
import { getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { Paths } from '../common/paths.ts';
import { makePrivateDirectory } from '../common/private-directory.ts';
import { removeTree } from '../common/remove-tree.ts';

/** Finds where the daemon has its temporary files: below the state, which has one daemon at a time. */
export function scratchIn(paths: Paths): string {
  return join(paths.state, 'scratch');
}

/** Removes what a daemon that was killed left there. Only for the daemon that has the lock on the state. */
export async function emptyScratch(directory: string, log: Log): Promise<void> {
  await removeTree(dirname(directory), directory).catch((error: unknown) => {
    log.warn({ path: directory }, `left as it is: ${getMessage(error)}`);
  });
  makePrivateDirectory(directory);
}
