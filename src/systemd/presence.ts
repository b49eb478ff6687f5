import { statSync } from 'node:fs';
import type { Bus } from '../bus/connection.ts';
import { findUser } from '../common/user.ts';
import { isAway, isRefusal, managerInterface, systemdName, systemdPath } from './manager.ts';

/** A bus that must start the manager first finds out within this time that it cannot. */
const subscribeTimeoutMs = 5_000;

/**
 * Checks whether the service manager of this user is on a bus, and has its signals for us. The bus of a host may be
 * lent to a container: a manager that is another user's or lives in another root would start other programs than
 * the ones we mean.
 */
export async function isOurManager(bus: Bus): Promise<boolean> {
  try {
    await bus.call({
      destination: systemdName,
      path: systemdPath,
      interface: managerInterface,
      member: 'Subscribe',
      timeoutMs: subscribeTimeoutMs,
    });
  } catch (error) {
    if (!isRefusal(error, 'AlreadySubscribed')) return false;
  }
  try {
    const [uid] = await bus.callBus('GetConnectionUnixUser', 's', [systemdName]);
    const [pid] = await bus.callBus('GetConnectionUnixProcessID', 's', [systemdName]);
    return uid === findUser().uid && sharesRoot(Number(pid));
  } catch (error) {
    // It has just gone.
    if (isAway(error)) return false;
    throw error;
  }
}

function sharesRoot(pid: number): boolean {
  if (!statSync(`/proc/${pid}`, { throwIfNoEntry: false })) return false;
  try {
    const [ours, theirs] = [statSync('/'), statSync(`/proc/${pid}/root/`)];
    return ours.dev === theirs.dev && ours.ino === theirs.ino;
  } catch {
    // What it does not let us see must not have us take it for another's.
    return true;
  }
}
