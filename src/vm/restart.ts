import { throwIfCancelled } from '../common/errors.ts';
import type { Work } from '../common/work.ts';
import { bootVm } from './boot.ts';
import { record, type VmContext } from './context.ts';
import { stopVm } from './stop.ts';
import type { VmWatch } from './watch.ts';

/**
 * Stops a VM if it runs, and boots it. It can be cancelled at any time and leaves a stopped VM then: a stop that
 * has begun is finished first, because half of one is of no use, and a boot is taken back.
 * @param timeoutMs how long the guest may take to power off before it is forced
 * @throws what stopVm and bootVm throw, and Cancelled
 */
export async function restartVm(
  context: VmContext,
  watch: VmWatch,
  timeoutMs: number,
  work: Work,
): Promise<void> {
  try {
    const stage = (name: string, progress?: number) => work.stage(name, progress);
    await stopVm(context, watch, timeoutMs, { signal: new AbortController().signal, stage });
    throwIfCancelled(work.signal);
    await bootVm(context, watch, work);
  } finally {
    record(context, { operation: null });
  }
}
