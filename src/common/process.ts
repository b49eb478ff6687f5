import { bootId } from './boot.ts';
import { isLive, readStat } from './proc.ts';

/** A process by what makes it unique: pids are used again, start times within one boot are not. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot. */
  startTime: number;
  bootId: string;
}

/** What identifies a process that runs; nothing if there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return isLive(stat) ? { pid, startTime: stat.startTime, bootId: bootId() } : undefined;
}

/** Checks whether the very process still runs. */
export function isSameProcess({ pid, startTime, bootId: boot }: ProcessIdentity): boolean {
  if (boot !== bootId()) return false;
  const stat = readStat(pid);
  return isLive(stat) && stat.startTime === startTime;
}
