import { Deadline } from '../common/abort.ts';
import { removeTree } from '../common/remove-tree.ts';
import type { Supervised } from '../supervise/supervisor.ts';
import { getVm, record, type VmContext } from './context.ts';
import { disconnectNetwork } from './network.ts';

/** The name of a VM's program for its supervisor. */
export function formatProgramName(id: string): string {
  return `banger-vm-${id}`;
}

/** The program of this VM, as recorded. */
export function getSupervised(context: VmContext): Supervised | undefined {
  return getVm(context).run?.program;
}

/** Ends the program of a VM, also one that was started and never recorded, and records that it does not run. */
export async function endProgram(context: VmContext): Promise<void> {
  const { supervisor } = context.host;
  const supervised = getSupervised(context) ?? (await supervisor.find(formatProgramName(context.id)));
  if (supervised) await supervisor.kill(supervised);
  await forgetProgram(context);
}

/**
 * Records that a VM's program has ended and removes what belonged to its run.
 * @param lastError why, if it should not have
 */
export async function forgetProgram(context: VmContext, lastError?: string): Promise<void> {
  context.host.shells.close(context.id);
  context.host.agents.forget(context.id);
  await disconnectNetwork(context);
  const { base } = context.files;
  await removeTree(base.runtime, context.files.runtime, base.state);
  const why = lastError === undefined ? {} : { lastError };
  record(context, { run: undefined, ...why });
}

/**
 * Waits for the end of a VM's program.
 * @returns whether it ended in time
 * @throws Cancelled when the signal is aborted first
 */
export async function endsWithin(
  context: VmContext,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const supervised = getSupervised(context);
  if (!supervised) return true;
  using deadline = new Deadline(timeoutMs, signal);
  try {
    await context.host.supervisor.ended(supervised, deadline.signal);
    return true;
  } catch (error) {
    if (!deadline.passed) throw error;
    return false;
  }
}
