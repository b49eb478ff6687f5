import type { NetworkMode, WantedNetwork } from '../network/attachment.ts';
import type { Supervised } from '../supervise/supervisor.ts';
import type { Accelerator } from '../vmm/accelerator.ts';
import type { Driver } from '../vmm/machine.ts';

/** A VM as recorded. Sizes are bytes, times microseconds since the epoch. */
export interface Vm {
  id: string;
  name: string;
  /** The name of the image that was asked for. */
  image: string;
  /** What the name pointed to when the VM was made; absent until the image is there. */
  imageId: string | undefined;
  kernelId: string | undefined;
  vcpus: number;
  memoryBytes: number;
  diskBytes: number;
  /** What it ran in last, which it keeps; absent before it ran. */
  vmm: Driver['name'] | undefined;
  createdAt: number;
  /** The client that the VM goes with, if it is ephemeral. */
  owner: string | undefined;
  /** The kind of the operation that is under way, or was when the daemon was killed. */
  operation: string | undefined;
  /** Absent while it is stopped. */
  run: Run | undefined;
  /** Where the host reaches its ssh; kept when it is stopped, and absent before the first start. */
  ssh: { address: string; port: number } | undefined;
  /** The network that it was asked to have. */
  wantedNetwork: WantedNetwork;
  /** Whether the guest may reach the outside. */
  nat: boolean;
  reasons: Reasons;
  /** Why the last start or run failed. */
  lastError: string | undefined;
  /** What was less than asked for at the last start. */
  warnings: readonly string[];
}

/** What belongs to one run of a VM; a start finds it out in this order. */
export interface Run {
  network?: NetworkMode | undefined;
  accelerator?: Accelerator | undefined;
  /** How the VMM was started. */
  program?: Supervised | undefined;
  /** When the guest was ready. */
  startedAt?: number | undefined;
  /** Whether its VMM was stopped by a signal. It is not stored: the next daemon asks the process itself. */
  isFrozen?: boolean | undefined;
}

/** Why a VM got at its last start what it has: sentences for people by what they are about. */
export type Reasons = Partial<Record<'network' | 'vmm', string>>;

/** A change of some fields. A run that is given is added to what is known of the run; `undefined` ends the run. */
export type VmUpdate = { [Field in keyof Vm]?: Vm[Field] };

/** What of a VM changes by itself. */
export type VmField = Exclude<keyof Vm, 'run'> | keyof Run;

const noRun: Required<Run> = {
  network: undefined,
  accelerator: undefined,
  program: undefined,
  startedAt: undefined,
  isFrozen: undefined,
};

/** The VM after a change. */
export function updated(vm: Vm, change: VmUpdate): Vm {
  const run = change.run ? { ...vm.run, ...change.run } : undefined;
  return { ...vm, ...change, run: 'run' in change ? run : vm.run };
}

/** The fields of a change, those of its run among them. */
export function flattenUpdate(change: VmUpdate): Partial<Omit<Vm, 'run'> & Run> {
  const { run, ...others } = change;
  return 'run' in change ? { ...others, ...(run ?? noRun) } : others;
}
