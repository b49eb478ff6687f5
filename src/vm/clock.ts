import { getMessage } from '../common/errors.ts';
import { setClock } from '../guest/agent.ts';
import { getAgent } from './agent.ts';
import { getVm, type VmContext } from './context.ts';
import { getSupervised } from './program.ts';

/** A guest may be slow when its host has just woken up. */
const attempts = 3;
const attemptMs = 10_000;

/** Sets the clock of a running guest to the host's. One that cannot be asked is logged: nothing else depends on it. */
export async function setGuestClock(context: VmContext): Promise<void> {
  const { host, id } = context;
  const { name } = getVm(context);
  const { connect, budget } = getAgent(context, 'control');
  for (let attempt = 1; host.vms.has(id) && getSupervised(context); attempt++) {
    try {
      const now = BigInt(Date.now()) * 1_000_000n;
      await setClock(connect, { timeoutMs: attemptMs, budget }, now);
      host.log.info({ vm: id }, `the clock of ${name} was set`);
      return;
    } catch (error) {
      if (attempt < attempts) continue;
      host.log.warn(
        { vm: id },
        `the clock of ${name} may be wrong, it could not be set: ${getMessage(error)}`,
      );
      return;
    }
  }
}
