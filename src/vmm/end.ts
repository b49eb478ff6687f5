import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines } from '../common/text.ts';
import { readTail } from '../logs/tail.ts';
import type { ProgramEnd } from '../supervise/supervisor.ts';
import { vcpuFailure, withoutUsual } from './firecracker/log.ts';
import type { Driver } from './machine.ts';

/** How much of the end of a VMM's log is looked at. */
const tailBytes = 4096;
/** Firecracker's log goes through another program, which has this long for the last of it. */
const onItsWayMs = 50;

/**
 * How a machine ended, by how its program did and what that said: Firecracker exits with status 0, or 1, when a
 * vCPU cannot go on.
 * @param vmm what it ran in, if that is known
 * @param logFile what the VMM said
 */
export async function machineEnd(
  end: ProgramEnd,
  vmm: Driver['name'] | undefined,
  logFile: string,
): Promise<ProgramEnd> {
  if (vmm !== 'firecracker') return end;
  await sleep(onItsWayMs);
  const failure = vcpuFailure(await readTail(logFile, tailBytes));
  return failure === undefined ? end : { clean: false, how: `${end.how} because a vCPU failed (${failure})` };
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
