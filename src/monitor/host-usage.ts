import { stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { readStat, ticksPerSecond } from '../common/proc.ts';
import type { VmContext } from '../vm/context.ts';
import { getSupervised } from '../vm/program.ts';
import type { VmFiles } from '../vm/vm.ts';

/** What the VMM of a running VM had used at a moment. */
export interface HostUsage {
  /** When that was, in milliseconds of `performance.now`. */
  atMs: number;
  /** Tells one run of a VM from the next: when its process began, in clock ticks since boot. */
  startTime: number;
  /** Of the host's processors, in microseconds. */
  cpuTimeUs: number;
  uptimeUs: number;
  residentBytes: number;
}

/** stat(2) counts blocks of this size, whatever the file system's own is. */
const blockBytes = 512;
const usPerTick = 1_000_000 / ticksPerSecond;

/** What a VM uses of the host's processors and memory; nothing if it does not run. @throws NoSuchVM */
export async function hostUsage(context: VmContext): Promise<HostUsage | undefined> {
  const supervised = getSupervised(context);
  const pid = supervised && (await context.host.supervisor.mainPid(supervised));
  const used = pid === undefined ? undefined : readStat(pid);
  if (!used) return undefined;
  return {
    atMs: performance.now(),
    startTime: used.startTime,
    cpuTimeUs: used.cpuTime * usPerTick,
    // Both count the time in which the host was suspended.
    uptimeUs: Math.max(0, Math.round(uptime() * 1_000_000) - used.startTime * usPerTick),
    residentBytes: used.residentBytes,
  };
}

/** Counts how many processors were in use between two moments of one run; 1.0 is one whole. */
export function cpusBetween(earlier: HostUsage, later: HostUsage): number {
  return (later.cpuTimeUs - earlier.cpuTimeUs) / 1000 / (later.atMs - earlier.atMs);
}

/** The bytes that a VM's disks take on the host, which are fewer than their sizes. */
export async function allocatedBytes(files: Pick<VmFiles, 'systemDisk' | 'workDisk'>): Promise<number> {
  const blocks = await Promise.all(
    [files.systemDisk, files.workDisk].map((path) =>
      stat(path).then(
        (disk) => disk.blocks,
        // A VM that is being made has none yet.
        () => 0,
      ),
    ),
  );
  return blocks.reduce((sum, count) => sum + count, 0) * blockBytes;
}
