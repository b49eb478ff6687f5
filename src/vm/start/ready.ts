import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError } from '../../common/errors.ts';
import { waitReady } from '../../guest/agent.ts';
import type { ProgramEnd } from '../../supervise/supervisor.ts';
import { type MachineEnd, machineEnd } from '../../vmm/end.ts';
import type { Work } from '../../work/work.ts';
import { getAgent } from '../agent.ts';
import { guestFailure, guestWarnings } from '../console.ts';
import { getVm, type VmContext } from '../context.ts';
import { findGuestFailure } from '../ended.ts';
import { recordWarnings } from '../warnings.ts';
import { type Launched, whileItRuns } from './launch.ts';
import type { DescribedMachine } from './machine.ts';
import { dropUserFiles, type Seeded } from './write-seed.ts';

/** How long a guest may take from its first instruction until it is ready: under TCG seconds, on a busy host many. */
const readyTimeoutMs = { kvm: 60_000, tcg: 90_000 } as const;
/** How long the end of a machine whose agent went away is waited for. */
const endSeenMs = 500;

/** Waits until the guest lets its user in, and records what it warns of. @throws GuestFailed, Timeout, Cancelled */
export async function awaitGuest(
  context: VmContext & Seeded & DescribedMachine & Launched,
  work: Work,
): Promise<void> {
  const { host, id, files } = context;
  const { connect, budget } = getAgent(context, 'control');
  await whileItRuns(context, work, async ({ ended }, signal) => {
    const timeoutMs = readyTimeoutMs[context.accelerator];
    const ready = waitReady(connect, { timeoutMs, signal, budget });
    const gone = ended.then(async (end: ProgramEnd) => {
      throw await endedEarly(context, await machineEnd(end, getVm(context).vmm, files));
    });
    await Promise.race([ready, gone]).catch(async (error: unknown) => {
      if (!(error instanceof BangerError) || error.code !== 'GuestUnreachable') throw error;
      // The connection breaks a moment before the end of the program is seen, which tells more.
      await Promise.race([gone, sleep(endSeenMs)]);
      throw await guestFailure(files.console, error.problem);
    });
  });
  const told = await guestWarnings(files.console);
  recordWarnings(host, id, [...context.warnings, ...told]);
  await dropUserFiles(context);
}

/** Explains a machine that ended in its boot. A guest that gave up has said why; else what its kernel said counts. */
async function endedEarly({ files }: VmContext, end: MachineEnd): Promise<BangerError> {
  const failure = findGuestFailure(end);
  if (failure?.said !== undefined) {
    const remedy = `read its console in ${files.console}`;
    return new BangerError('GuestFailed', `${failure.what} before the guest was ready`, {
      details: failure.said,
      remedy,
    });
  }
  const ended = end.guest?.kind === 'reboot' ? 'the guest rebooted' : (failure?.what ?? 'the guest ended');
  const what = end.clean ? `${ended} before it was ready` : `the VMM ${end.how} before the guest was ready`;
  return await guestFailure(files.console, what);
}
