import { availableParallelism, totalmem } from 'node:os';
import type { Config } from './config.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/** Where a value came from: the configuration file, the size of this host, or banger itself. */
export type Origin = 'config' | 'host' | 'built-in';

export interface Resolved {
  value: number;
  origin: Origin;
}

/** The sizes of a VM for which none were asked. */
export interface DefaultSizes {
  vcpus: Resolved;
  memoryBytes: Resolved;
  diskBytes: Resolved;
}

export interface HostSize {
  cpus: number;
  memoryBytes: number;
}

/** What this process may use of the host; less than the machine has inside a container. */
export function hostSize(): HostSize {
  const constrained = process.constrainedMemory();
  return {
    cpus: availableParallelism(),
    memoryBytes: constrained > 0 ? Math.min(constrained, totalmem()) : totalmem(),
  };
}

/**
 * The sizes of a VM in three layers: the configuration; a share of the host (a quarter of its CPUs up to 4,
 * an eighth of its memory up to 8 GiB) where that is more than the least that works well; else that least.
 * Two vCPUs are the least because a guest boots twice as fast as with one (docs/decisions/0002).
 */
export function resolveVmDefaults(config: Pick<Config, 'vmDefaults'>, host: HostSize): DefaultSizes {
  const least = { vcpus: Math.min(2, Math.max(1, host.cpus)), memoryBytes: GiB, diskBytes: 8 * GiB };
  const share = {
    vcpus: Math.min(4, Math.floor(host.cpus / 4)),
    memoryBytes: Math.min(8 * GiB, Math.floor(host.memoryBytes / 8 / MiB) * MiB),
  };
  const { vcpus, memoryBytes, diskBytes } = config.vmDefaults;
  return {
    vcpus: resolve(vcpus, share.vcpus, least.vcpus),
    memoryBytes: resolve(memoryBytes, share.memoryBytes, least.memoryBytes),
    diskBytes: resolve(diskBytes, 0, least.diskBytes),
  };
}

function resolve(configured: number | undefined, ofHost: number, least: number): Resolved {
  if (configured !== undefined) return { value: configured, origin: 'config' };
  return ofHost > least ? { value: ofHost, origin: 'host' } : { value: least, origin: 'built-in' };
}
