import { EventEmitter } from 'node:events';
import { BangerError } from '../common/errors.ts';
import { findByReference } from '../common/reference.ts';
import type { Store } from '../store/database.ts';
import { addStart, readStarts, type StartRecord } from '../store/starts.ts';
import { flattenUpdate, updated, type Vm, type VmField, type VmUpdate } from '../store/vm.ts';
import { deleteVmRow, insertVmRow, readVms, updateVmRow } from '../store/vms.ts';
import { expectThawed } from './frozen.ts';
import { getVmState } from './operation/state.ts';
import { getVmFiles, type VmBase, type VmFiles } from './vm.ts';

/** The VMs of this user as recorded, and who hears of their changes. */
export class VmRegistry extends EventEmitter<{
  added: [Vm];
  changed: [Vm, VmField[]];
  removed: [Vm];
}> {
  readonly #store: Store;
  readonly #base: VmBase;
  readonly #vms = new Map<string, Vm>();

  constructor(store: Store, base: VmBase) {
    super();
    this.#store = store;
    this.#base = base;
    for (const vm of readVms(store)) this.#vms.set(vm.id, vm);
  }

  list(): Vm[] {
    return [...this.#vms.values()];
  }

  has(id: string): boolean {
    return this.#vms.has(id);
  }

  /** Finds by name, id or unique prefix of the id. @throws NoSuchVM */
  get(reference: string): Vm {
    // No VM has the id of another for its name.
    const vm = this.#vms.get(reference) ?? findByReference(this.#vms.values(), reference);
    if (vm) return vm;
    throw new BangerError('NoSuchVM', `no VM ${JSON.stringify(reference)}`, {
      remedy: '`banger vm list` shows those there are',
    });
  }

  /** Finds a VM that runs. @throws NoSuchVM, NotRunning also if it is frozen */
  getRunning(reference: string): Vm {
    const vm = this.get(reference);
    if (getVmState(vm) === 'running') return vm;
    expectThawed(vm);
    throw new BangerError('NotRunning', `${vm.name} is ${getVmState(vm)}, not running`, {
      remedy: `start it with \`banger vm start ${vm.name}\``,
    });
  }

  getVmFiles(id: string): VmFiles {
    return getVmFiles(id, this.#base);
  }

  /** @throws AlreadyExists if the name is taken, or is the id of another VM, which would be taken for it */
  add(vm: Vm): void {
    const other = this.list().find(({ id, name }) => id === vm.name || name === vm.id);
    if (other) {
      throw new BangerError('AlreadyExists', `${vm.name} is the id of the VM ${other.name}`, {
        remedy: 'choose another name',
      });
    }
    insertVmRow(this.#store, vm);
    this.#vms.set(vm.id, vm);
    this.emit('added', vm);
  }

  /** Writes a change and tells it; does nothing if the VM is gone. */
  record(id: string, change: VmUpdate): void {
    const vm = this.#vms.get(id);
    if (!vm) return;
    updateVmRow(this.#store, id, change);
    const changed = updated(vm, change);
    this.#vms.set(id, changed);
    this.emit('changed', changed, Object.keys(flattenUpdate(change)) as VmField[]);
  }

  /** Remembers how a start of a VM went. */
  recordStart(id: string, start: StartRecord): void {
    addStart(this.#store, id, start);
  }

  /** The last starts of a VM, newest first. */
  startsOf(id: string): StartRecord[] {
    return readStarts(this.#store, id);
  }

  /** Forgets a VM; does nothing if it is gone. */
  remove(id: string): void {
    const vm = this.#vms.get(id);
    if (!vm) return;
    deleteVmRow(this.#store, id);
    this.#vms.delete(id);
    this.emit('removed', vm);
  }
}
