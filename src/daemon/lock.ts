import { rmSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { type Lock, lockFile } from '../common/lock.ts';
import { identify } from '../common/process.ts';

/** How long to wait for another daemon that may be on its way out. */
const waitMs = 3_000;

/**
 * Makes this the only daemon on a state directory, whatever bus it is on, and tells clients on other buses
 * where it is.
 * @throws Busy if another daemon has it
 */
export async function lockState(stateDirectory: string, busAddress: string): Promise<Lock> {
  const holderFile = join(stateDirectory, 'daemon.json');
  const lock = await lockFile(join(stateDirectory, 'lock'), waitMs);
  if (!lock) {
    const holder = await readFile(holderFile, 'utf8').catch(() => '');
    const pid = /"pid":(\d+)/.exec(holder)?.[1] ?? 'unknown';
    throw new BangerError('Busy', `another bangerd (pid ${pid}) has ${stateDirectory}; this one ends`);
  }
  const holder = { ...identify(process.pid), busAddress };
  const temporary = `${holderFile}.new`;
  await writeFile(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  await rename(temporary, holderFile);
  const release = () => {
    rmSync(holderFile, { force: true });
    lock.release();
  };
  return { release, [Symbol.dispose]: release };
}
