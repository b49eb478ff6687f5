import { isatty } from 'node:tty';
import type { Client, VmProxy } from '../../client/client.ts';
import { getGuestAccess } from '../../client/session/access.ts';
import type { Remote } from '../../client/session/session.ts';
import { visit } from '../../client/session/visit.ts';
import type { Interrupts } from '../interrupts.ts';
import { savedTerminal } from './tty.ts';

/** What commands that pass on a status of the guest say when it was banger that failed. */
export const ownFailureStatus = 125;

/** Checks whether a session has a terminal unless told otherwise: both where it reads and where it writes. */
export function hasTerminal(): boolean {
  return isatty(0) && isatty(1);
}

/**
 * Runs a session in a VM on our own stdin, stdout and stderr, as `visit` does. Signals that we get meanwhile are passed
 * on to it.
 * @param remote with `tty`: whether it gets a terminal; where absent, if there is one. With `stdin`: whether it gets ours,
 *   which it does where absent
 * @throws what `getGuestAccess` and `visit` throw
 */
export async function enter(
  client: Client,
  vm: VmProxy,
  remote: Remote & { isShell: boolean; tty?: boolean; stdin?: 'inherit' | 'ignore' },
  interrupts: Interrupts,
): Promise<number> {
  const access = await getGuestAccess(client, vm);
  const { tty = hasTerminal(), stdin = 'inherit' } = remote;
  return await visit(vm, access, remote, {
    ...{ stdin, stdout: 'inherit', stderr: 'inherit', tty, interrupts },
    readsTerminal: stdin === 'inherit' && isatty(0),
    interactive: hasTerminal(),
    onKilled: tty ? await savedTerminal() : undefined,
  });
}
