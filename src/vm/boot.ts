import { BangerError, getMessage } from '../common/errors.ts';
import type { Work } from '../work/work.ts';
import { record, type VmContext } from './context.ts';
import { StageClock } from './stage-clock.ts';
import { startProcedure } from './start/start.ts';

/**
 * Boots a stopped VM and records what came of it. A guest that is not ready in time
 * gets one more, clean try: under TCG, one boot in some hundred stalls for reasons that are not understood.
 * @throws HostNotReady, ImageDamaged, DiskFull, GuestFailed, Timeout, Cancelled
 */
export async function bootVm(context: VmContext, work: Work): Promise<void> {
  record(context, { lastError: undefined });
  try {
    await attempt(context, work).catch(async (error: unknown) => {
      if (!(error instanceof BangerError) || error.code !== 'Timeout' || work.signal.aborted) throw error;
      context.host.log.warn({ vm: context.id }, `starting it once more: ${error.message}`);
      await attempt(context, work);
    });
  } catch (error) {
    if (!work.signal.aborted) record(context, { lastError: getMessage(error) });
    throw error;
  }
  record(context, { run: { startedAt: Date.now() * 1000 } });
}

/** Starts once, and remembers how long each stage took, however it ends. */
async function attempt(context: VmContext, work: Work): Promise<void> {
  const clock = new StageClock(work);
  const remember = (result: Parameters<StageClock['record']>[0]) =>
    context.host.vms.recordStart(context.id, clock.record(result));
  try {
    using _turn = await context.host.bootSlots.take(clock);
    await startProcedure.perform({ ...context }, clock);
  } catch (error) {
    remember(work.signal.aborted ? 'cancelled' : 'failed');
    throw error;
  }
  remember('done');
}
