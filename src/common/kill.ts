import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError, getSystemCode } from './errors.ts';

/** Longer than this a killed process only lives when the kernel cannot end it. */
const deadlineMs = 10_000;
const pollMs = 20;

/** Sends a signal to a process. @returns whether there was such a process */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (getSystemCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Kills processes, and those that they start meanwhile, until there are none any more.
 * @param living looks for them; asked again until it finds none
 * @param owner what they belong to, for people
 * @throws Timeout if something is still there after that
 */
export async function killUntilGone(living: () => number[], owner: string): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (let pids = living(); pids.length > 0; pids = living()) {
    if (performance.now() > deadline) {
      throw new BangerError(
        'Timeout',
        `process ${pids.join(', ')} of ${owner} did not end although it was killed`,
      );
    }
    for (const pid of pids) sendSignal(pid, 'SIGKILL');
    await sleep(pollMs);
  }
}
