import { rmSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { type Lock, lockFile } from '../common/lock.ts';
import { identify, isSameProcess } from '../common/process.ts';

/** How long to wait for another daemon that may be on its way out. */
const waitMs = 3_000;

/**
 * Makes this the only daemon on a state directory, whatever bus it is on, and tells clients on other buses
 * where it is.
 * @throws Busy if another daemon has it, HostNotReady if something else has its lock
 */
export async function lockState(stateDirectory: string, busAddress: string): Promise<Lock> {
  const holderFile = join(stateDirectory, 'daemon.json');
  const lock = await lockFile(join(stateDirectory, 'lock'), waitMs);
  if (!lock) throw await heldBy(holderFile, stateDirectory);
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

/** Makes the error for a state that is locked: by another daemon, or by a program that is not one. */
async function heldBy(holderFile: string, stateDirectory: string): Promise<BangerError> {
  const text = await readFile(holderFile, 'utf8').catch(() => '');
  try {
    const { pid, startTime, bootId } = JSON.parse(text);
    if (isSameProcess({ pid, startTime, bootId })) {
      return new BangerError('Busy', `another bangerd (pid ${pid}) has ${stateDirectory}`, {
        remedy: 'this one ends',
      });
    }
  } catch {
    // There is no mark of a daemon, or only a part of one.
  }
  const lock = join(stateDirectory, 'lock');
  return new BangerError('HostNotReady', `a program that is not bangerd holds ${lock}`, {
    remedy: `end it, \`fuser -v ${lock}\` shows which it is`,
  });
}
