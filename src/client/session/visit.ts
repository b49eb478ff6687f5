import type { VmProxy } from '../client.ts';
import type { GuestAccess } from './access.ts';
import { endsSoon, findEnd } from './ended-vm.ts';
import { executeInGuest } from './execute.ts';
import { ambiguousStatus, SessionLost } from './outcome.ts';
import { type Remote, runSession, type SessionOptions } from './session.ts';

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
    const { kind, error } = await findEnd(vm, asUser ? '' : ' before the command had ended', lost);
    // A user at a terminal wanted it so.
    if (!asUser || kind !== 'off') throw error;
    return lost ? 0 : status;
  }
  if (lost) throw lost;
  return status;
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
