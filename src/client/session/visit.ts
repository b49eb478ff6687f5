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

/** Statuses of a program that a guest which goes down may have ended: by SIGHUP, SIGKILL or SIGTERM, or untold. */
const endedFromOutside: readonly number[] = [129, 137, 143, ambiguousStatus];

/**
 * Runs a session in a VM, as `runSession` does. A guest that is powered off from inside drops its sessions: a
 * shell on a terminal has then ended as its user wanted it, with status 0. A command has not, and neither has anything
 * that a reboot or a failure cuts off.
 * @throws SessionLost, HostNotReady, GuestUnreachable if the guest rebooted, or powered off under a command, GuestFailed
 *   if the guest or its VMM failed
 */
export async function visit(
  vm: VmProxy,
  access: GuestAccess,
  remote: Remote & { isShell: boolean },
  options: SessionOptions,
): Promise<number> {
  const asUser = remote.isShell && options.interactive;
  const beganUs = Date.now() * 1000;
  let lost: SessionLost | undefined;
  let status = 0;
  try {
    status = await runSession(access, remote, options);
  } catch (error) {
    if (!(error instanceof SessionLost && error.connected)) throw error;
    lost = error;
  }
  const isCutOff = lost !== undefined || endedFromOutside.includes(status);
  // Somebody may also have said `poweroff` and left at once.
  const mayGoDown = lost !== undefined || ((asUser || isCutOff) && (await goesDown(access)));
  const hasEnded = mayGoDown && (await endsSoon(vm, beganUs));
  if (isCutOff && hasEnded) {
    await throwWhy(vm, asUser, lost);
    return lost ? 0 : status;
  }
  if (lost) throw lost;
  return status;
}

/** Tells why a machine ended under a session, unless a user at a terminal wanted it so. */
async function throwWhy(vm: VmProxy, asUser: boolean, cause: SessionLost | undefined): Promise<void> {
  const told = await vm.getAll().catch(() => ({ Name: '', State: '', LastError: '' }));
  const { Name: name, State: state, LastError: why } = told;
  if (state === 'failed') throw new RemoteError(nameOnBus('GuestFailed'), why);
  const before = asUser ? '' : ' before the command had ended';
  if (state === 'starting' || state === 'running') {
    const remedy = `enter it with \`banger vm ssh ${name}\` when it has booted`;
    throw new BangerError('GuestUnreachable', `the guest rebooted${before}`, { remedy, cause });
  }
  if (asUser) return;
  throw new BangerError('GuestUnreachable', `the guest powered off${before}`, {
    remedy: 'start it with `banger vm start`',
    cause,
  });
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

/** Waits for a VM to end by itself. @param sinceUs one that was ready later has ended in between @returns whether it did */
async function endsSoon(vm: VmProxy, sinceUs: number): Promise<boolean> {
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
