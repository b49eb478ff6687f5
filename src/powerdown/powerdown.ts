import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../common/errors.ts';
import { identify, isSameProcess, type ProcessIdentity } from '../common/process.ts';
import { tailOf } from '../common/tail.ts';
import { printable } from '../common/text.ts';
import { powerOff } from '../guest/agent.ts';
import { QemuDriver } from '../vmm/qemu/driver.ts';

/** How long the agent has to take the request; the guest's own shutdown comes after. */
const agentTimeoutMs = 5_000;
/** How long a guest may take to power off. With the agent's time it stays below the unit's TimeoutStopSec. */
const powerOffTimeoutMs = 70_000;
const pollMs = 50;
/** How much of what a VMM said last is repeated in the journal. */
const lastWords = { bytes: 4_000, lines: 20 } as const;

export interface PowerDown {
  runtimeDirectory: string;
  /** What the VMM printed. */
  vmmLog: string;
  /** The VMM's pid; nothing if it has ended. */
  mainPid: number | undefined;
  /** Writes a line to the journal. */
  say: (text: string) => void;
}

/** Powers a guest off and waits for the end of its VMM, for a bounded time; then tells what the VMM said last. */
export async function powerDown(request: PowerDown): Promise<void> {
  const vmm = request.mainPid && identify(request.mainPid);
  if (vmm) await askAndWait(vmm, request);
  await repeatLastWords(request);
}

async function askAndWait(vmm: ProcessIdentity, { runtimeDirectory, say }: PowerDown): Promise<void> {
  const machine = QemuDriver.machine(runtimeDirectory);
  try {
    await powerOff((signal) => machine.connectAgent('control', signal), { timeoutMs: agentTimeoutMs });
  } catch (error) {
    if (isSameProcess(vmm)) say(`the guest could not be asked to power off: ${messageOf(error)}`);
    return;
  }
  const deadline = performance.now() + powerOffTimeoutMs;
  while (isSameProcess(vmm) && performance.now() < deadline) await sleep(pollMs);
  if (isSameProcess(vmm)) say(`the guest did not power off within ${powerOffTimeoutMs / 1000} s`);
}

/** The VMM writes to a file, where its start is judged by its words; the journal gets them here. */
async function repeatLastWords({ vmmLog, say }: PowerDown): Promise<void> {
  const lines = (await tailOf(vmmLog, lastWords.bytes)).split('\n').filter((line) => line.trim() !== '');
  for (const line of lines.slice(-lastWords.lines)) say(printable(line, 500));
}
