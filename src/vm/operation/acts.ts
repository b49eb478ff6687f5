import { throwIfCancelled } from '../../common/abort.ts';
/** What the jobs on VMs do: each is performed as its operation, by `runOperation`. */
import type { Work } from '../../work/work.ts';
import { bootVm } from '../boot.ts';
import { record, type VmContext } from '../context.ts';
import { createProcedure } from '../create.ts';
import { deleteProcedure } from '../delete.ts';
import { killProcedure, type VmSignal } from '../kill.ts';
import { endProgram } from '../program.ts';
import { setProcedure } from '../set.ts';
import type { VmSettings } from '../spec.ts';
import { stopProcedure } from '../stop.ts';
import type { VmWatch } from '../watch.ts';
import { prepare, type WorkspaceRequest } from '../workspace.ts';
import { runOperation } from './run.ts';

/** The VM that an act is for. */
interface Subject {
  context: VmContext;
  watch: VmWatch;
}

/** Makes a VM that was recorded, and boots it if it is to start. */
export async function createVm({ context, watch }: Subject, start: boolean, work: Work): Promise<void> {
  await runOperation('create', context, watch, work, async (own, become) => {
    let isMade = false;
    try {
      await createProcedure.perform(context, own);
      isMade = true;
      if (start) await bootVm(context, become('start'));
    } catch (error) {
      // A guest that did not come up is kept to be looked into; all else leaves nothing.
      const isKept = isMade && !work.signal.aborted;
      if (isKept) record(context, { owner: undefined });
      else {
        become('delete');
        await remove(context);
      }
      throw error;
    }
  });
}

/** Boots a VM; does nothing if it runs. @throws what `bootVm` throws */
export async function startVm({ context, watch }: Subject, work: Work): Promise<void> {
  await runOperation('start', context, watch, work, (own) => bootVm(context, own));
}

/**
 * Stops a VM; does nothing if it does not run.
 * @param timeoutMs how long the guest may take to power off before it is forced
 * @throws Timeout if its program cannot be ended
 */
export async function stopVm({ context, watch }: Subject, timeoutMs: number, work: Work): Promise<void> {
  await runOperation('stop', context, watch, work, (own) =>
    stopProcedure.perform({ ...context, timeoutMs }, own),
  );
}

/**
 * Stops a VM if it runs, and boots it. Cancelled, it leaves a stopped VM: a stop that has begun is finished first, and a
 * boot is taken back.
 * @throws what `stopVm` and `startVm` throw, and Cancelled
 */
export async function restartVm(subject: Subject, timeoutMs: number, work: Work): Promise<void> {
  await stopVm(subject, timeoutMs, work);
  throwIfCancelled(work.signal);
  await startVm(subject, work);
}

/**
 * Boots a VM again whose guest rebooted, which ended its VMM: with the same disks, in a new one.
 * @param others the end of the jobs that the VM had; they end by themselves once the VMM has
 * @throws what `bootVm` throws
 */
export async function rebootVm(
  { context, watch }: Subject,
  others: Promise<unknown>,
  work: Work,
): Promise<void> {
  await runOperation('reboot', context, watch, work, async (own) => {
    await endProgram(context);
    await others;
    if (context.host.vms.has(context.id)) await bootVm(context, own);
  });
}

/**
 * Makes a VM what it is to be.
 * @param former what it was; nothing when a set is finished that was recorded before
 * @throws DiskFull, ImageDamaged, InvalidArgs if the host's file system cannot have such disks, and what the
 *   machine and the guest agent throw
 */
export async function setVm(
  { context, watch }: Subject,
  wanted: VmSettings,
  former: VmSettings | undefined,
  work: Work,
): Promise<void> {
  await runOperation('set', context, watch, work, (own) =>
    setProcedure.perform({ ...context, wanted, former }, own),
  );
}

/**
 * Ends a VMM by a signal, without asking its guest, and waits until it is recorded as stopped.
 * @param others the end of the jobs that the VM had; they end by themselves once the VMM has
 * @throws Timeout if the VMM does not heed the signal, Cancelled
 */
export async function endBySignal(
  { context, watch }: Subject,
  signal: VmSignal,
  others: Promise<unknown>,
  work: Work,
): Promise<void> {
  await runOperation('kill', context, watch, work, (own) =>
    killProcedure.perform({ ...context, signal, others }, own),
  );
}

/** Removes a VM and all that is its own. @throws Timeout if its program cannot be ended */
export async function deleteVm({ context, watch }: Subject, work: Work): Promise<void> {
  await runOperation('delete', context, watch, work, () => remove(context));
}

/** Copies a checkout of the host into a running VM. @throws what `prepare` throws */
export async function fillWorkspace(
  { context, watch }: Subject,
  request: WorkspaceRequest,
  work: Work,
): Promise<void> {
  await runOperation('workspace', context, watch, work, (own) => prepare(context, request, own));
}

/** Half a VM is of no use to anyone: it is past cancelling. Its stages are not told. */
async function remove(context: VmContext): Promise<void> {
  await deleteProcedure.perform(context, { signal: new AbortController().signal, stage: () => undefined });
}
