import { getMessage } from '../common/errors.ts';
import { powerOff } from '../guest/agent.ts';
import { Procedure } from '../work/steps.ts';
import type { VmContext } from './context.ts';
import { thaw } from './frozen.ts';
import { endProgram, endsWithin } from './program.ts';

/** How long the agent has to take the request; the guest's own shutdown comes after. */
const agentTimeoutMs = 3_000;

interface StopContext extends VmContext {
  /** How long the guest may take to power off before it is forced. */
  readonly timeoutMs: number;
}

/** From a running VM to a stopped one: the guest is asked, waited for, and forced when it does not go. */
export const stopProcedure = new Procedure<StopContext>('stop')
  .step('ask', askToPowerOff)
  .step('wait', awaitEnd)
  .step('force', endProgram);

async function askToPowerOff(context: StopContext): Promise<void> {
  const { host, id, files } = context;
  // As systemd does with a unit that is frozen.
  await thaw(context);
  const machine = host.vmms.machine(files.runtime);
  try {
    // Also of an agent that was cut off, at the cost of one call more.
    await powerOff((signal) => machine.connectAgent('control', signal), { timeoutMs: agentTimeoutMs });
  } catch (error) {
    // A guest that cannot be asked is forced after its time: the user wants it stopped either way.
    host.log.warn({ vm: id }, `the guest could not be asked to power off: ${getMessage(error)}`);
    await machine.askToEnd().catch(() => false);
  }
}

async function awaitEnd(context: StopContext): Promise<void> {
  if (await endsWithin(context, context.timeoutMs)) return;
  context.host.log.warn({ vm: context.id }, 'the guest did not power off in time and is forced');
}
