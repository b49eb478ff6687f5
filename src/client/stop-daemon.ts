import { setTimeout as sleep } from 'node:timers/promises';
import { managerName } from '../bus/interfaces.ts';
import { BangerError } from '../common/errors.ts';
import { identify, isSameProcess, type ProcessIdentity } from '../common/process.ts';
import { runningDaemon } from './running.ts';

const stopMs = 20_000;
const pollMs = 20;

/**
 * Ends the daemon of this user, and waits until its process is gone.
 * @returns whether one ran
 * @throws Busy while a job runs, Timeout
 */
export async function stopDaemon(): Promise<boolean> {
  const deadline = performance.now() + stopMs;
  const quitting = await quit(deadline);
  if (!quitting) return false;
  // It takes a private bus along, once nobody is on it any more.
  const { daemon } = quitting;
  while (daemon && isSameProcess(daemon)) {
    if (performance.now() > deadline) throw stillThere();
    await sleep(pollMs);
  }
  return true;
}

/** Asks the daemon to end and leaves the bus. @returns which process it is, if one runs */
async function quit(deadline: number): Promise<{ daemon: ProcessIdentity | undefined } | undefined> {
  using client = await runningDaemon();
  if (!client) return undefined;
  const { pid } = await client.manager.call('DaemonStatus');
  const daemon = identify(Number(pid));
  const vanished = Promise.withResolvers<void>();
  void client.bus.closed.then(() => vanished.resolve());
  await client.bus.watchName(managerName, vanished.resolve);
  const late = setTimeout(() => vanished.reject(stillThere()), deadline - performance.now());
  await Promise.all([client.manager.call('Quit'), vanished.promise]);
  clearTimeout(late);
  return { daemon };
}

function stillThere(): BangerError {
  return new BangerError('Timeout', `the daemon has not ended within ${stopMs / 1000} s`, {
    remedy: 'read its log with `banger daemon logs`',
  });
}
