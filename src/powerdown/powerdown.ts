import { setTimeout as sleep } from 'node:timers/promises';
import { getMessage } from '../common/errors.ts';
import { identify, isSameProcess } from '../common/process.ts';
import { powerOff } from '../guest/agent.ts';
import { runningMachine } from '../vmm/running.ts';

/** How long the agent has to take the request; the guest's own shutdown comes after. */
const agentTimeoutMs = 5_000;
/** How long a guest may take to power off. With the agent's time it stays below the unit's TimeoutStopSec. */
const powerOffTimeoutMs = 70_000;
const pollMs = 50;

export interface PowerDown {
  runtimeDirectory: string;
  /** The VMM's pid. */
  mainPid: number;
  /** Writes a line to the journal. */
  say: (text: string) => void;
}

/** Powers a guest off and waits for the end of its VMM, for a bounded time. */
export async function powerDown({ runtimeDirectory, mainPid, say }: PowerDown): Promise<void> {
  const vmm = identify(mainPid);
  if (!vmm) return;
  const machine = runningMachine(runtimeDirectory);
  try {
    await powerOff((signal) => machine.connectAgent('control', signal), { timeoutMs: agentTimeoutMs });
  } catch (error) {
    if (isSameProcess(vmm)) say(`the guest could not be asked to power off: ${getMessage(error)}`);
    if (!(await machine.askToEnd().catch(() => false))) return;
  }
  const deadline = performance.now() + powerOffTimeoutMs;
  while (isSameProcess(vmm) && performance.now() < deadline) await sleep(pollMs);
  if (isSameProcess(vmm)) say(`the guest did not power off within ${powerOffTimeoutMs / 1000} s`);
}
