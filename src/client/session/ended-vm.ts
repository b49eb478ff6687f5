/** Why a VM ended under what somebody did in its guest. */
import { setTimeout as sleep } from 'node:timers/promises';
import { nameOnBus, RemoteError } from '../../bus/errors.ts';
import { BangerError } from '../../common/errors.ts';
import type { VmProxy } from '../client.ts';
import { SessionLost } from './outcome.ts';

/** How long a guest that goes down may take from dropping its sessions until its VMM has ended. */
const downMs = 5_000;
const pollMs = 100;

/** Waits for a VM to end by itself. @param sinceUs one that was ready later has ended in between @returns whether it did */
export async function endsSoon(vm: VmProxy, sinceUs: number): Promise<boolean> {
  for (const deadline = performance.now() + downMs; performance.now() < deadline; await sleep(pollMs)) {
    try {
      const { State: state, StartedAt: startedAt } = await vm.getAll();
      if (!['running', 'frozen'].includes(state) || startedAt > sinceUs) return true;
    } catch (error) {
      // It was deleted, or there is no daemon that could tell.
      return !(error instanceof BangerError && error.code === 'DaemonUnreachable');
    }
  }
  return false;
}

/**
 * Finds why a VM ended.
 * @param what the rest of the sentence: ` before the command had ended`
 * @param cause how that showed
 */
export async function findEnd(
  vm: VmProxy,
  what: string,
  cause: SessionLost | undefined,
): Promise<{ kind: 'off' | 'reboot' | 'failure'; error: Error }> {
  const told = await vm.getAll().catch(() => ({ Name: '', State: '', LastError: '' }));
  const { Name: name, State: state, LastError: why } = told;
  if (state === 'failed') return { kind: 'failure', error: new RemoteError(nameOnBus('GuestFailed'), why) };
  const isReboot = state === 'starting' || state === 'running';
  const problem = `the guest ${isReboot ? 'rebooted' : 'powered off'}${what}`;
  const remedy = isReboot
    ? `enter it with \`banger vm ssh ${name}\` when it has booted`
    : 'start it with `banger vm start`';
  const error = new BangerError('GuestUnreachable', problem, { remedy, cause });
  return { kind: isReboot ? 'reboot' : 'off', error };
}

/**
 * Does something in a guest, and tells by the end of its VM why the connection broke, if that was it.
 * @param what the rest of the sentence: ` before all was copied`
 * @throws what `work` throws, GuestFailed if the guest or its VMM failed, GuestUnreachable if the guest powered off or
 *   rebooted
 */
export async function untilVmEnds(vm: VmProxy, what: string, work: () => Promise<void>): Promise<void> {
  const beganUs = Date.now() * 1000;
  try {
    await work();
  } catch (error) {
    const isLost = error instanceof SessionLost && error.connected;
    if (!isLost || !(await endsSoon(vm, beganUs))) throw error;
    throw (await findEnd(vm, what, error)).error;
  }
}
