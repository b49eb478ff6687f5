import { messageOf } from '../common/errors.ts';
import { setClock } from '../guest/agent.ts';
import { agentOf } from './agent.ts';
import { type VmContext, vmOf } from './context.ts';
import { supervisedOf } from './program.ts';

/** A guest may be slow when its host has just woken up. */
const attempts = 3;
const attemptMs = 10_000;

/** Sets the clock of a running guest to the host's. One that cannot be asked is logged: nothing else depends on it. */
export async function setGuestClock(context: VmContext): Promise<void> {
  const { host, id } = context;
  const { name } = vmOf(context);
  const { connect, budget } = agentOf(context, 'control');
  for (let attempt = 1; host.vms.has(id) && supervisedOf(context); attempt++) {
    try {
      const now = BigInt(Date.now()) * 1_000_000n;
      await setClock(connect, { timeoutMs: attemptMs, budget }, now);
      host.log.info({ vm: id }, `the clock of ${name} was set`);
      return;
    } catch (error) {
      if (attempt < attempts) continue;
      host.log.warn(
        { vm: id },
        `the clock of ${name} may be wrong, it could not be set: ${messageOf(error)}`,
      );
      return;
    }
  }
}
