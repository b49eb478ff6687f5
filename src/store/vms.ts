import { BangerError, systemCodeOf } from '../common/errors.ts';
import type { NetworkMode, WantedNetwork } from '../network/attachment.ts';
import type { Store } from './database.ts';

/** What banger was doing to a VM when it last wrote about it; a restart finishes or undoes it. */
export type Operation = 'create' | 'start' | 'stop' | 'set' | 'delete';

/** A VM as recorded. Sizes are bytes, times microseconds since the epoch. */
export interface VmRecord {
  id: string;
  name: string;
  /** The name of the image that was asked for. */
  image: string;
  /** What the name pointed to when the VM was made; absent until the image is there. */
  imageId: string | null;
  kernelId: string | null;
  vcpus: number;
  memoryBytes: number;
  diskBytes: number;
  /** What it ran in last; empty before it ran. It keeps that. */
  vmm: '' | 'qemu' | 'firecracker';
  createdAt: number;
  /** The client that the VM goes with, if it is ephemeral. */
  owner: string | null;
  operation: Operation | null;
  /** How the VMM was started, as the supervisor's own JSON; absent while the VM is stopped. */
  supervised: string | null;
  startedAt: number;
  address: string;
  sshPort: number;
  /** The network that it was asked to have. */
  wantedNetwork: WantedNetwork;
  /** The one that it has; empty while it is stopped. */
  network: NetworkMode | '';
  /** Whether the guest may reach the outside: 1 or 0. */
  nat: number;
  /** Why its network and its VMM are what they are: a JSON object of sentences by `network` and `vmm`. */
  reasons: string;
  accelerator: string;
  lastError: string;
  /** What was less than asked for at the last start: a JSON array of texts. */
  warnings: string;
}

const columns: Record<keyof VmRecord, string> = {
  id: 'id',
  name: 'name',
  image: 'image',
  imageId: 'image_id',
  kernelId: 'kernel_id',
  vcpus: 'vcpus',
  memoryBytes: 'memory_bytes',
  diskBytes: 'disk_bytes',
  vmm: 'vmm',
  createdAt: 'created_at',
  owner: 'owner',
  operation: 'operation',
  supervised: 'supervised',
  startedAt: 'started_at',
  address: 'address',
  sshPort: 'ssh_port',
  wantedNetwork: 'wanted_network',
  network: 'network',
  nat: 'nat',
  reasons: 'reasons',
  accelerator: 'accelerator',
  lastError: 'last_error',
  warnings: 'warnings',
};

const keys = Object.keys(columns) as (keyof VmRecord)[];

/** All VMs, oldest first. */
export function readVms(store: Store): VmRecord[] {
  const selected = keys.map((key) => `${columns[key]} AS ${key}`).join(', ');
  return store.prepare<[], VmRecord>(`SELECT ${selected} FROM vms ORDER BY created_at, id`).all();
}

/** Records a new VM. @throws AlreadyExists if the name is taken */
export function insertVm(store: Store, vm: VmRecord): void {
  const names = keys.map((key) => columns[key]).join(', ');
  const values = keys.map((key) => `@${key}`).join(', ');
  try {
    store.prepare(`INSERT INTO vms (${names}) VALUES (${values})`).run(vm);
  } catch (error) {
    if (systemCodeOf(error) !== 'SQLITE_CONSTRAINT_UNIQUE') throw error;
    throw new BangerError(
      'AlreadyExists',
      `a VM named ${vm.name} exists; choose another name or delete it with \`banger vm delete ${vm.name}\``,
    );
  }
}

/** Writes some columns of a VM; does nothing if it is gone. */
export function updateVm(store: Store, id: string, change: Partial<VmRecord>): void {
  const assignments = (Object.keys(change) as (keyof VmRecord)[]).map((key) => `${columns[key]} = @${key}`);
  store.prepare(`UPDATE vms SET ${assignments.join(', ')} WHERE id = @vmId`).run({ ...change, vmId: id });
}

/** Forgets a VM; does nothing if it is gone. */
export function deleteVm(store: Store, id: string): void {
  store.prepare('DELETE FROM vms WHERE id = ?').run(id);
}
