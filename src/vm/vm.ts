import { join } from 'node:path';
import type { Operation, VmRecord } from '../store/vms.ts';

/** What a VM can be doing. */
export const vmStates = [
  'creating',
  'stopped',
  'starting',
  'running',
  'stopping',
  'deleting',
  'failed',
] as const;
export type VmState = (typeof vmStates)[number];

/** What a VM is doing by the operation that is under way; what is not here leaves it stopped or running. */
const stateDuring: Partial<Record<Operation, VmState>> = {
  create: 'creating',
  start: 'starting',
  stop: 'stopping',
  delete: 'deleting',
};

/** What a VM is doing, told from what is recorded about it. */
export function stateOf(vm: VmRecord): VmState {
  const during = vm.operation && stateDuring[vm.operation];
  if (during) return during;
  if (vm.supervised) return 'running';
  return vm.lastError ? 'failed' : 'stopped';
}

/** The name of a VM's program for its supervisor. */
export function programOf(id: string): string {
  return `banger-vm-${id}`;
}

/** The files of one VM. Everything below `directory` lasts, everything below `runtime` is gone after a stop. */
export interface VmFiles {
  directory: string;
  systemDisk: string;
  workDisk: string;
  /** The machine id and the host key, made once. */
  identity: string;
  seed: string;
  /** The directory in the guest that a prepare fills now, or was filling when its daemon was killed. */
  cutShort: string;
  knownHosts: string;
  console: string;
  vmmLog: string;
  runtime: string;
  /** banger's directories that hold the two. */
  base: VmBase;
}

/** The directories that hold one directory per VM, in `vms`. */
export interface VmBase {
  state: string;
  runtime: string;
}

export function filesOf(id: string, base: VmBase): VmFiles {
  const directory = join(base.state, 'vms', id);
  return {
    directory,
    systemDisk: join(directory, 'system.ext4'),
    workDisk: join(directory, 'work.ext4'),
    identity: join(directory, 'identity.json'),
    seed: join(directory, 'seed.tar'),
    cutShort: join(directory, 'workspace-in-the-making'),
    knownHosts: join(directory, 'known_hosts'),
    console: join(directory, 'console.log'),
    vmmLog: join(directory, 'vmm.log'),
    runtime: join(base.runtime, 'vms', id),
    base,
  };
}
