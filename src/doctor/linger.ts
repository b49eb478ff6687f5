import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findUser } from '../common/user.ts';
import { type Finding, pass, warn } from './check.ts';

/** Where logind notes whose service manager goes on without a login; loginctl(1), enable-linger. */
const lingerDirectory = '/var/lib/systemd/linger';

/** Checks whether the service manager of this user, and every unit of it, outlives the user's last logout. */
export function hasLinger(directory = lingerDirectory): boolean {
  return existsSync(join(directory, findUser().name));
}

/** Checks whether VMs go on after a logout. @param linger nothing where they do not live in units of the user's manager */
export function checkLinger(linger: boolean | undefined): Finding[] {
  if (linger === undefined) return [];
  if (linger) return [pass('linger', 'VMs keep running after you log out')];
  return [warn('linger', 'VMs are stopped when you log out for the last time', 'loginctl enable-linger')];
}
