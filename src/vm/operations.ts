import { BangerError, messageOf } from '../common/errors.ts';
import { newId } from '../common/id.ts';
import type { Work } from '../common/work.ts';
import type { Job, JobKind, Jobs } from '../job/jobs.ts';
import type { VmRecord } from '../store/vms.ts';
import { type Host, record, type VmContext, vmOf } from './context.ts';
import { createProcedure } from './create.ts';
import { deleteProcedure } from './delete.ts';
import { checkName, pickName } from './name.ts';
import { checkNetwork, checkSize, type VmChange, type VmRequest, type VmSize } from './spec.ts';
import { startVm } from './start.ts';
import { perform } from './steps.ts';
import { stopProcedure } from './stop.ts';
import { stateOf } from './vm.ts';
import { VmWatch } from './watch.ts';

/** What new VMs are when nobody says. */
export interface VmDefaults {
  image: string;
  size: VmSize;
}

/** How long a guest may take to power off unless the caller says otherwise. */
export const defaultStopMs = 90_000;

/** What is done to VMs. Each operation is a job, and a VM has one at most. */
export class VmOperations {
  readonly #host: Host;
  readonly #jobs: Jobs;
  readonly #defaults: () => Promise<VmDefaults>;
  readonly #busy = new Map<string, Job>();
  readonly #ends = new Map<Job, Promise<void>>();
  readonly watch: VmWatch;

  constructor(host: Host, jobs: Jobs, defaults: () => Promise<VmDefaults>) {
    this.#host = host;
    this.#jobs = jobs;
    this.#defaults = defaults;
    this.watch = new VmWatch((id) => this.contextOf(id));
  }

  contextOf(id: string): VmContext {
    return { host: this.#host, id, files: this.#host.vms.filesOf(id) };
  }

  /**
   * Records a new VM at once and makes it in a job.
   * @throws InvalidName, InvalidArgs, AlreadyExists, NoSuchImage, InvalidConfig
   */
  async create(request: VmRequest): Promise<{ vm: VmRecord; job: Job }> {
    const defaults = await this.#defaults();
    await this.#host.images.expect(request.image ?? defaults.image);
    const vm = this.#newVm(request, defaults);
    this.#host.vms.add(vm);
    const job = this.#claim('create', vm, async (context, work) => {
      try {
        await perform(createProcedure, context, work);
        if (request.start) await this.#boot(context, work);
        else record(context, { operation: null });
      } catch (error) {
        // A guest that did not come up is kept to be looked into; all else leaves nothing.
        const kept = vmOf(context).operation === 'start' && !work.signal.aborted;
        if (kept) record(context, { operation: null, owner: null });
        else await this.#remove(context);
        throw error;
      }
    });
    return { vm, job };
  }

  /** @throws NoSuchVM, Busy */
  start(reference: string): Job {
    const vm = this.#host.vms.get(reference);
    return this.#claim('start', vm, async (context, work) => {
      if (vmOf(context).supervised) return;
      try {
        await this.#boot(context, work);
      } finally {
        record(context, { operation: null });
      }
    });
  }

  /** @param timeoutMs how long the guest may take before it is forced. @throws NoSuchVM, Busy */
  stop(reference: string, timeoutMs: number): Job {
    const vm = this.#host.vms.get(reference);
    return this.#claim('stop', vm, async (context, work) => {
      this.watch.end(vm.id);
      try {
        // Nothing runs either where a daemon was killed just after it had ended the VM: its mark goes too.
        if (!vmOf(context).supervised) return;
        record(context, { operation: 'stop' });
        await perform(stopProcedure, { ...context, timeoutMs }, work);
      } finally {
        record(context, { operation: null });
        this.watch.begin(vm.id);
      }
    });
  }

  /** Deletes a VM; when forced, whatever is being done to it is cancelled first. @throws NoSuchVM, Busy */
  delete(reference: string, force: boolean): Job {
    const vm = this.#host.vms.get(reference);
    const present = this.#busy.get(vm.id);
    if (present?.kind === 'delete') return present;
    if (!force && (vm.supervised || present)) {
      throw new BangerError('Busy', `${vm.name} is ${stateOf(vm)}; stop it first, or delete it with --force`);
    }
    if (present?.cancelable) present.cancel();
    const ended = present && this.#ends.get(present);
    return this.#begin('delete', vm, async (context) => {
      await ended;
      if (this.#host.vms.has(vm.id)) await this.#remove(context);
    });
  }

  /** Stops a VM as `stop` does, if it runs, and starts it. @throws NoSuchVM, Busy */
  restart(_reference: string, _timeoutMs: number): Job {
    throw new BangerError('NotSupported', 'not there yet');
  }

  /** Sends a signal to the VMM of a running VM. @throws NoSuchVM, NotRunning, Busy, InvalidArgs */
  kill(_reference: string, _signal: string): Job {
    throw new BangerError('NotSupported', 'not there yet');
  }

  /** Changes what a VM is. @throws NoSuchVM, Busy, InvalidArgs */
  set(_reference: string, _change: VmChange): Job {
    throw new BangerError('NotSupported', 'not there yet');
  }

  /** Unties an ephemeral VM from its owner. @throws NoSuchVM, AccessDenied if it belongs to another client */
  keep(_reference: string, _owner: string): void {
    throw new BangerError('NotSupported', 'not there yet');
  }

  /** Deletes what went with a client that has left the bus. */
  ownerVanished(owner: string): void {
    for (const vm of this.#host.vms.list()) if (vm.owner === owner) this.delete(vm.id, true);
  }

  /** Does other long work on a running VM, such as filling its workspace. @throws NoSuchVM, NotRunning, Busy */
  use(reference: string, kind: JobKind, run: (context: VmContext, work: Work) => Promise<void>): Job {
    return this.#claim(kind, this.#host.vms.getRunning(reference), run);
  }

  #newVm(request: VmRequest, { image, size }: VmDefaults): VmRecord {
    const isTaken = (name: string) => this.#host.vms.list().some((vm) => vm.name === name);
    const name = request.name ? checkName(request.name) : pickName(isTaken);
    checkNetwork(request.network);
    return {
      id: newId(),
      name,
      image: request.image ?? image,
      imageId: null,
      kernelId: null,
      ...checkSize({
        vcpus: request.vcpus ?? size.vcpus,
        memoryBytes: request.memoryBytes ?? size.memoryBytes,
        diskBytes: request.diskBytes ?? size.diskBytes,
      }),
      vmm: 'qemu',
      createdAt: Date.now() * 1000,
      owner: request.owner ?? null,
      operation: 'create',
      supervised: null,
      startedAt: 0,
      address: '',
      sshPort: 0,
      network: '',
      accelerator: '',
      lastError: '',
      warnings: '[]',
    };
  }

  async #boot(context: VmContext, work: Work): Promise<void> {
    record(context, { operation: 'start', lastError: '' });
    try {
      await startVm(context, work);
    } catch (error) {
      if (!work.signal.aborted) record(context, { lastError: messageOf(error) });
      throw error;
    }
    record(context, { operation: null, startedAt: Date.now() * 1000 });
    this.watch.begin(context.id);
  }

  async #remove(context: VmContext): Promise<void> {
    this.watch.end(context.id);
    record(context, { operation: 'delete' });
    // It is past cancelling: half a VM is of no use to anyone.
    await perform(deleteProcedure, context, { signal: new AbortController().signal, stage: () => undefined });
  }

  /** Begins a job on a VM that has none. @throws Busy */
  #claim(kind: JobKind, vm: VmRecord, run: (context: VmContext, work: Work) => Promise<void>): Job {
    const present = this.#busy.get(vm.id);
    if (present) {
      throw new BangerError('Busy', `a ${present.kind} of ${vm.name} is under way; wait for it or cancel it`);
    }
    return this.#begin(kind, vm, run);
  }

  #begin(kind: JobKind, vm: VmRecord, run: (context: VmContext, work: Work) => Promise<void>): Job {
    const settled = Promise.withResolvers<void>();
    const job = this.#jobs.start(kind, { kind: 'vm', id: vm.id }, async (work) => {
      try {
        await run(this.contextOf(vm.id), work);
      } finally {
        this.#ends.delete(job);
        if (this.#busy.get(vm.id) === job) this.#busy.delete(vm.id);
        settled.resolve();
      }
    });
    this.#busy.set(vm.id, job);
    this.#ends.set(job, settled.promise);
    return job;
  }
}
