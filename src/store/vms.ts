import { BangerError, getSystemCode } from '../common/errors.ts';
import type { Store } from './database.ts';
import { flattenUpdate, type Run, type Vm, type VmField, type VmUpdate } from './vm.ts';

/** A row of the table, in which nothing is an empty text, 0 or NULL, and what has parts is JSON. */
interface Row {
  id: string;
  name: string;
  image: string;
  image_id: string | null;
  kernel_id: string | null;
  vcpus: number;
  memory_bytes: number;
  disk_bytes: number;
  vmm: NonNullable<Vm['vmm']> | '';
  created_at: number;
  owner: string | null;
  operation: string | null;
  supervised: string | null;
  started_at: number;
  address: string;
  ssh_port: number;
  wanted_network: Vm['wantedNetwork'];
  network: NonNullable<Run['network']> | '';
  nat: number;
  reasons: string;
  accelerator: NonNullable<Run['accelerator']> | '';
  last_error: string;
  warnings: string;
}
type Column = keyof Row;

/** Where each field is. The address and the port of `ssh` have columns of their own. */
const columns: Record<Exclude<VmField, 'ssh' | 'isFrozen'>, Column> = {
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
  program: 'supervised',
  startedAt: 'started_at',
  wantedNetwork: 'wanted_network',
  network: 'network',
  nat: 'nat',
  reasons: 'reasons',
  accelerator: 'accelerator',
  lastError: 'last_error',
  warnings: 'warnings',
};

/** What stands for nothing in columns that cannot be NULL. */
const nothing: Partial<Record<Column, '' | 0>> = {
  vmm: '',
  started_at: 0,
  address: '',
  ssh_port: 0,
  network: '',
  accelerator: '',
  last_error: '',
};

/** All VMs, oldest first. */
export function readVms(store: Store): Vm[] {
  return store.prepare<[], Row>('SELECT * FROM vms ORDER BY created_at, id').all().map(vmOf);
}

/** Records a new VM. @throws AlreadyExists if the name is taken */
export function insertVmRow(store: Store, vm: Vm): void {
  const row = rowOf(vm);
  const names = Object.keys(row);
  const values = names.map((name) => `@${name}`);
  try {
    store.prepare(`INSERT INTO vms (${names.join(', ')}) VALUES (${values.join(', ')})`).run(row);
  } catch (error) {
    if (getSystemCode(error) !== 'SQLITE_CONSTRAINT_UNIQUE') throw error;
    throw new BangerError('AlreadyExists', `a VM named ${vm.name} exists`, {
      remedy: `choose another name or delete it with \`banger vm delete ${vm.name}\``,
    });
  }
}

/** Writes some fields of a VM; does nothing if it is gone. */
export function updateVmRow(store: Store, id: string, change: VmUpdate): void {
  const row = rowOf(change);
  if (Object.keys(row).length === 0) return;
  const assignments = Object.keys(row).map((name) => `${name} = @${name}`);
  store.prepare(`UPDATE vms SET ${assignments.join(', ')} WHERE id = @vmId`).run({ ...row, vmId: id });
}

/** Forgets a VM; does nothing if it is gone. */
export function deleteVmRow(store: Store, id: string): void {
  store.prepare('DELETE FROM vms WHERE id = ?').run(id);
}

function vmOf(row: Row): Vm {
  const run: Run = {
    ...(row.network && { network: row.network }),
    ...(row.accelerator && { accelerator: row.accelerator }),
    ...(row.supervised && { program: JSON.parse(row.supervised) }),
    ...(row.started_at && { startedAt: row.started_at }),
  };
  return {
    id: row.id,
    name: row.name,
    image: row.image,
    imageId: row.image_id ?? undefined,
    kernelId: row.kernel_id ?? undefined,
    vcpus: row.vcpus,
    memoryBytes: row.memory_bytes,
    diskBytes: row.disk_bytes,
    vmm: row.vmm || undefined,
    createdAt: row.created_at,
    owner: row.owner ?? undefined,
    operation: row.operation ?? undefined,
    run: Object.keys(run).length > 0 ? run : undefined,
    ssh: row.address ? { address: row.address, port: row.ssh_port } : undefined,
    wantedNetwork: row.wanted_network,
    nat: row.nat === 1,
    reasons: JSON.parse(row.reasons),
    lastError: row.last_error || undefined,
    warnings: JSON.parse(row.warnings),
  };
}

/** The columns of a change, as they are stored. */
function rowOf(change: VmUpdate): Record<string, string | number | null> {
  const { ssh, isFrozen: _, ...fields } = flattenUpdate(change);
  const named = Object.entries(fields).map(([field, value]): [Column, unknown] => [
    columns[field as keyof typeof columns],
    value,
  ]);
  if ('ssh' in change) named.push(['address', ssh?.address], ['ssh_port', ssh?.port]);
  return Object.fromEntries(named.map(([column, value]) => [column, stored(column, value)]));
}

function stored(column: Column, value: unknown): string | number | null {
  if (value === undefined) return nothing[column] ?? null;
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
}
