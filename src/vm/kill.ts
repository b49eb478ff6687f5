import { BangerError } from '../common/errors.ts';
import { Procedure } from '../work/steps.ts';
import type { Work } from '../work/work.ts';
import { getVm, record, type VmContext } from './context.ts';
import { endProgram, endsWithin, getSupervised } from './program.ts';

const ending = ['KILL', 'TERM', 'INT', 'HUP', 'QUIT'] as const;
const passing = ['STOP', 'CONT'] as const;
/** A signal that may be sent to a VMM, by its name without SIG. */
export type VmSignal = (typeof ending)[number] | (typeof passing)[number];

/** How long a VMM may take to end by a signal that it can catch or, frozen, does not hear. */
const endTimeoutMs = 10_000;

/** Reads the name of a signal as kill(1) does: with or without SIG, in any case. @throws InvalidArgs */
export function readSignal(text: string): VmSignal {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const signal = [...ending, ...passing].find((known) => known === name);
  if (signal) return signal;
  const known = [...ending, ...passing].join(', ');
  throw new BangerError('InvalidArgs', `there is no signal ${JSON.stringify(text)} for a VM`, {
    remedy: `give one of ${known}`,
  });
}

/** Checks whether a VMM ends by a signal, as opposed to standing still or going on. */
export function ends(signal: VmSignal): boolean {
  return ending.some((other) => other === signal);
}

/** Has a VMM stand still or go on, and records which. @throws NotRunning if it has ended */
export async function passSignal(context: VmContext, signal: VmSignal): Promise<void> {
  const supervised = getSupervised(context);
  const sent = supervised && (await context.host.supervisor.signal(supervised, `SIG${signal}`));
  if (!sent) throw new BangerError('NotRunning', `${getVm(context).name} has just ended`);
  record(context, { run: { isFrozen: signal === 'STOP' } });
}

interface KillContext extends VmContext {
  readonly signal: VmSignal;
  /** The end of the jobs that the VM had; they end by themselves once the VMM has. */
  readonly others: Promise<unknown>;
}

/**
 * From a VM with a VMM to one without, whose guest is not asked. Nothing is recorded before: a VM whose daemon was
 * killed in it is adopted if its VMM still runs, else found to have ended.
 */
export const killProcedure = new Procedure<KillContext>('kill')
  .step('signal', sendSignal)
  .step('await-end', awaitEnd)
  .step('settle', settle);

async function sendSignal(context: KillContext): Promise<void> {
  const supervised = getSupervised(context);
  if (supervised) await context.host.supervisor.signal(supervised, `SIG${context.signal}`);
}

async function awaitEnd(context: KillContext, work: Work): Promise<void> {
  if (await endsWithin(context, endTimeoutMs, work.signal)) return;
  const { name } = getVm(context);
  throw new BangerError(
    'Timeout',
    `the VMM of ${name} did not end within ${endTimeoutMs / 1000} s of ${context.signal}`,
    { remedy: `one that is frozen hears only KILL and CONT, end it with \`banger vm kill ${name}\`` },
  );
}

async function settle(context: KillContext): Promise<void> {
  await context.others;
  // A create that failed may have taken the VM with it.
  if (context.host.vms.has(context.id)) await endProgram(context);
}
