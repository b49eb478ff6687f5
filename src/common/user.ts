import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { BangerError } from './errors.ts';
import { findNearest } from './nearest.ts';

/** The user that this process runs as. */
export interface User {
  uid: number;
  name: string;
  /** As the user database has it; `HOME` may say another. */
  home: string;
}

/**
 * Finds who this process runs as.
 * @throws HostNotReady if the user database does not have this uid
 */
export function findUser(): User {
  try {
    const { uid, username, homedir } = userInfo();
    return { uid, name: username, home: homedir };
  } catch (error) {
    const uid = process.getuid?.() ?? -1;
    throw new BangerError(
      'HostNotReady',
      `uid ${uid} is not in the user database, and ssh works for no such user`,
      {
        remedy: `add it as root with \`useradd -u ${uid} NAME\``,
        cause: error,
      },
    );
  }
}

/**
 * Refuses to be root in the place of another user: what root made there would shut that user out.
 * @param directories which may not be there yet, each by the variable that names it
 * @throws HostNotReady
 */
export function refuseRootForOthers(directories: Readonly<Record<string, string>>): void {
  if (process.getuid?.() !== 0) return;
  for (const [variable, directory] of Object.entries(directories)) {
    const { uid } = statSync(findNearest(directory));
    if (uid === 0 || uid === overflowUid) continue;
    throw new BangerError(
      'HostNotReady',
      `banger runs as root, and ${variable} is ${directory} of the user with uid ${uid}`,
      {
        remedy: 'run it without sudo, or for VMs of root as `sudo -i banger`',
      },
    );
  }
}

/** What belongs to somebody who has no uid in our user namespace seems to belong to this one. */
export const overflowUid = 65_534;

/**
 * Finds the current directory.
 * @throws InvalidArgs if it was removed
 */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new BangerError('InvalidArgs', 'the current directory was removed', {
      remedy: 'change to one that is there, and try again',
      cause: error,
    });
  }
}
