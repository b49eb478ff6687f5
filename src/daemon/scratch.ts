import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { Paths } from '../common/paths.ts';

/** Where the daemon has its temporary files: below the state, which has one daemon at a time. */
export function scratchIn(paths: Paths): string {
  return join(paths.state, 'scratch');
}

/** Removes what a daemon that was killed left there. Only for the daemon that has the lock on the state. */
export async function emptyScratch(directory: string, log: Log): Promise<void> {
  // A program of the killed one may end a moment later.
  await rm(directory, { recursive: true, force: true, maxRetries: 5 }).catch((error: unknown) => {
    log.warn({ path: directory }, `left as it is: ${messageOf(error)}`);
  });
  await mkdir(directory, { recursive: true, mode: 0o700 });
}
