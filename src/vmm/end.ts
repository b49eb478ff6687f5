import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines } from '../common/text.ts';
import { readTail } from '../logs/tail.ts';
import { endOf, type ProgramEnd } from '../supervise/supervisor.ts';
import { vcpuFailure, withoutUsual } from './firecracker/log.ts';
import { findGuestEnd, type GuestEnd } from './guest-end.ts';
import type { Driver } from './machine.ts';
import { wasTerminated } from './qemu/log.ts';

/** How much of the end of a VMM's log is looked at. */
const tailBytes = 4096;
/** How much of the end of a guest's console: a kernel says a lot after the first line of a panic. */
const consoleTailBytes = 64 * 1024;
/** The log of a VMM goes through another program, which has this long for the last of it. */
const onItsWayMs = 50;
const exitedCleanly = endOf(0, null).how;

/** How the program of a machine ended, and how its guest did if nothing went wrong with the program. */
export interface MachineEnd extends ProgramEnd {
  guest?: GuestEnd;
}

/** What a VMM printed, and what its guest did. */
interface MachineWords {
  vmmLog: string;
  console: string;
}

/**
 * How a machine ended, by how its program did, what that said and what is on the guest's console: the program exits
 * with status 0 whatever its guest ended by, and Firecracker exits with 0, or 1, also when a vCPU cannot go on.
 * @param vmm what it ran in, if that is known
 * @param files where the VMM and the guest said it
 */
export async function machineEnd(
  end: ProgramEnd,
  vmm: Driver['name'] | undefined,
  files: MachineWords,
): Promise<MachineEnd> {
  await sleep(onItsWayMs);
  const [log, console] = await Promise.all([
    readTail(files.vmmLog, tailBytes),
    readTail(files.console, consoleTailBytes),
  ]);
  const failure = vmm === 'firecracker' ? vcpuFailure(log) : undefined;
  if (failure !== undefined) return { clean: false, how: `${end.how} because a vCPU failed (${failure})` };
  if (!end.clean) return end;
  if (vmm === 'qemu' && wasTerminated(log)) return { ...end, guest: { kind: 'off' } };
  return { ...end, guest: findGuestEnd(console, end.how === exitedCleanly) };
}

/**
 * What a VMM said last, as part of a message; nothing if it said nothing of interest.
 * @param count how many lines
 * @param maxLength in UTF-16 units, of which the last are kept
 */
export async function lastWords(logFile: string, count: number, maxLength: number): Promise<string> {
  const log = withoutUsual(await readTail(logFile, tailBytes));
  // Without characters that could do something to a terminal.
  return lastLines(log, count, maxLength).replace(/\p{C}/gu, '?');
}
