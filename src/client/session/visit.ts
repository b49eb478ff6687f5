import { setTimeout as sleep } from 'node:timers/promises';
import { nameOnBus, RemoteError } from '../../bus/errors.ts';
import { BangerError } from '../../common/errors.ts';
import type { VmProxy } from '../client.ts';
import type { GuestAccess } from './access.ts';
import { executeInGuest } from './execute.ts';
import { ambiguousStatus, SessionLost } from './outcome.ts';
import { type Remote, runSession, type SessionOptions } from './session.ts';

/** How long a guest that goes down may take from dropping its sessions until its VMM has ended. */
const downMs = 5_000;
const pollMs = 100;
/** A guest that does not say within this time whether it goes down is taken for running. */
const askMs = 5_000;

/**
 * Runs a session in a VM, as `runSession` does. A guest that is powered off from inside drops its sessions: a
 * shell on a terminal has then ended as its user wanted it, with status 0. One whose VMM fails does so, too.
 * @throws SessionLost, HostNotReady, GuestUnreachable if the guest powered off under a command, GuestFailed if its
 *   VMM failed
 */
export async function visit(
  vm: VmProxy,
  access: GuestAccess,
  remote: Remote & { isShell: boolean },
  options: SessionOptions,
): Promise<number> {
  const asUser = remote.isShell && options.interactive;
  try {
    const status = await runSession(access, remote, options);
    // Somebody may have said `poweroff` and left at once.
    if (asUser && (await goesDown(access))) await endsSoon(vm);
    return status;
  } catch (error) {
    if (!(error instanceof SessionLost && error.connected) || !(await endsSoon(vm))) throw error;
    const { State: state, LastError: why } = await vm.getAll().catch(() => ({ State: '', LastError: '' }));
    if (state === 'failed') throw new RemoteError(nameOnBus('GuestFailed'), why);
    if (asUser) return 0;
    throw new BangerError('GuestUnreachable', 'the guest powered off before the command had ended', {
      remedy: 'start it with `banger vm start`',
      cause: error,
    });
  }
}

/** Asks the guest itself, which knows before anybody else. */
async function goesDown(access: GuestAccess): Promise<boolean> {
  try {
    // The session that has just ended has left its connection there.
    const question = ['systemctl', 'is-system-running'];
    const { status, stdout } = await executeInGuest(access, question, { timeoutMs: askMs });
    return status === ambiguousStatus || stdout.trim() === 'stopping';
  } catch {
    return false;
  }
}

/** Waits for a VM to end by itself. @returns whether it did */
async function endsSoon(vm: VmProxy): Promise<boolean> {
  for (const deadline = performance.now() + downMs; performance.now() < deadline; await sleep(pollMs)) {
    try {
      if ((await vm.get('State')) !== 'running') return true;
    } catch (error) {
      // It was deleted, or there is no daemon that could tell.
      return !(error instanceof BangerError && error.code === 'DaemonUnreachable');
    }
  }
  return false;
}
