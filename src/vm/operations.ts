import { BangerError, messageOf, systemCodeOf } from '../common/errors.ts';
import { perform } from '../common/steps.ts';
import type { Work } from '../common/work.ts';
import type { Job, JobKind, Jobs } from '../job/jobs.ts';
import type { VmRecord } from '../store/vms.ts';
import { bootVm } from './boot.ts';
import { type Host, record, type VmContext, vmOf } from './context.ts';
import { createProcedure } from './create.ts';
import { deleteProcedure } from './delete.ts';
import { VmJobs } from './jobs.ts';
import { endBySignal, ends, expectVmm, hurry, passSignal, readSignal } from './kill.ts';
import { expectBridge } from './network.ts';
import { newVm, type VmDefaults } from './new.ts';
import { restartVm } from './restart.ts';
import { changedSettings, settingsOf, setVm } from './set.ts';
import type { VmChange, VmRequest } from './spec.ts';
import { stopVm } from './stop.ts';
import { stateOf } from './vm.ts';
import { VmWatch } from './watch.ts';

/** How long a guest may take to power off unless the caller says otherwise. */
export const defaultStopMs = 90_000;

/** What is done to VMs. Each operation is a job, and a VM has one at most. */
export class VmOperations {
  readonly #host: Host;
  readonly #vmJobs: VmJobs;
  readonly #defaults: () => Promise<VmDefaults>;
  readonly watch: VmWatch;

  constructor(host: Host, jobs: Jobs, defaults: () => Promise<VmDefaults>) {
    this.#host = host;
    this.#vmJobs = new VmJobs(jobs);
    this.#defaults = defaults;
    this.watch = new VmWatch((id) => this.contextOf(id));
  }

  contextOf(id: string): VmContext {
    return { host: this.#host, id, files: this.#host.vms.filesOf(id) };
  }

  /**
   * Records a new VM at once and makes it in a job.
   * @throws InvalidName, InvalidArgs, AlreadyExists, NoSuchImage, InvalidConfig, HostNotReady if it could not start
   */
  async create(request: VmRequest): Promise<{ vm: VmRecord; job: Job }> {
    const defaults = await this.#defaults();
    await this.#host.images.expect(request.image ?? defaults.image);
    if (request.start) {
      await this.#host.vmms.expect();
      await expectBridge(this.#host, request.network ?? defaults.network);
    }
    const vm = newVm(request, defaults, this.#host.vms);
    this.#host.vms.add(vm);
    const job = this.#claim('create', vm, async (context, work) => {
      try {
        await perform(createProcedure, context, work);
        if (request.start) await bootVm(context, this.watch, work);
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
    return this.#claim('start', this.#host.vms.get(reference), async (context, work) => {
      if (vmOf(context).supervised) return;
      try {
        await bootVm(context, this.watch, work);
      } finally {
        record(context, { operation: null });
      }
    });
  }

  /** @param timeoutMs how long the guest may take before it is forced. @throws NoSuchVM, Busy */
  stop(reference: string, timeoutMs: number): Job {
    return this.#claim('stop', this.#host.vms.get(reference), (context, work) =>
      stopVm(context, this.watch, timeoutMs, work),
    );
  }

  /** Stops a VM as `stop` does, if it runs, and starts it. Cancelled, it leaves a stopped VM. @throws NoSuchVM, Busy */
  restart(reference: string, timeoutMs: number): Job {
    return this.#claim('restart', this.#host.vms.get(reference), (context, work) =>
      restartVm(context, this.watch, timeoutMs, work),
    );
  }

  /**
   * Sends a signal to the VMM of a VM, whatever else is being done to the VM: if it ends the VMM, a start or another
   * use of the VM is cancelled, and a stop is over.
   * @throws NoSuchVM, NotRunning, InvalidArgs
   */
  kill(reference: string, signal: string): Job {
    const vm = this.#host.vms.get(reference);
    const present = this.#vmJobs.present(vm.id);
    const read = readSignal(signal);
    expectVmm(vm, read, present);
    if (ends(read)) hurry(present);
    return this.#vmJobs.overtake('kill', vm, (work, others) => {
      const context = this.contextOf(vm.id);
      return ends(read) ? endBySignal(context, this.watch, read, others, work) : passSignal(context, read);
    });
  }

  /** Changes what a VM is. @throws NoSuchVM, Busy, InvalidArgs */
  set(reference: string, change: VmChange): Job {
    const vm = this.#host.vms.get(reference);
    const wanted = changedSettings(vm, change);
    return this.#claim('set', vm, (context, work) => setVm(context, wanted, settingsOf(vm), work));
  }

  /** Finishes a set that was recorded and then cut short. @throws NoSuchVM, Busy */
  finishSet(reference: string): Job {
    const vm = this.#host.vms.get(reference);
    return this.#claim('set', vm, (context, work) => setVm(context, settingsOf(vm), undefined, work));
  }

  /** Unties an ephemeral VM from its owner. @throws NoSuchVM, AccessDenied if it belongs to another client */
  keep(reference: string, owner: string): void {
    const vm = this.#host.vms.get(reference);
    if (vm.owner === null) return;
    if (vm.owner !== owner) {
      throw new BangerError(
        'AccessDenied',
        `${vm.name} belongs to another client, and only that may keep it`,
      );
    }
    this.#host.vms.record(vm.id, { owner: null });
  }

  /** Deletes a VM; when forced, whatever is being done to it is cancelled first. @throws NoSuchVM, Busy */
  delete(reference: string, force: boolean): Job {
    const vm = this.#host.vms.get(reference);
    const present = this.#vmJobs.present(vm.id);
    if (present?.kind === 'delete') return present;
    if (!force && (vm.supervised || present)) {
      throw new BangerError('Busy', `${vm.name} is ${stateOf(vm)}; stop it first, or delete it with --force`);
    }
    if (present?.cancelable) present.cancel();
    return this.#vmJobs.overtake('delete', vm, async (work, others) => {
      const context = this.contextOf(vm.id);
      // What waits for the guest, such as a stop, goes on at once when the VMM is gone.
      if (present && this.#host.vms.has(vm.id)) await endBySignal(context, this.watch, 'KILL', others, work);
      if (this.#host.vms.has(vm.id)) await this.#remove(context);
    });
  }

  /** Deletes what went with a client that has left the bus. */
  ownerVanished(owner: string): void {
    for (const vm of this.#host.vms.list()) if (vm.owner === owner) this.delete(vm.id, true);
  }

  /** Does other long work on a running VM, such as filling its workspace. @throws NoSuchVM, NotRunning, Busy */
  use(reference: string, kind: JobKind, run: (context: VmContext, work: Work) => Promise<void>): Job {
    return this.#claim(kind, this.#host.vms.getRunning(reference), run);
  }

  async #remove(context: VmContext): Promise<void> {
    this.watch.end(context.id);
    try {
      record(context, { operation: 'delete' });
    } catch (error) {
      // A database without room to say so gets it from the files that go.
      if (systemCodeOf(error) !== 'SQLITE_FULL') throw error;
      this.#host.log.warn(
        { vm: context.id },
        `that it is being deleted is not recorded: ${messageOf(error)}`,
      );
    }
    // It is past cancelling: half a VM is of no use to anyone.
    await perform(deleteProcedure, context, { signal: new AbortController().signal, stage: () => undefined });
  }

  #claim(kind: JobKind, vm: VmRecord, run: (context: VmContext, work: Work) => Promise<void>): Job {
    return this.#vmJobs.claim(kind, vm, (work) => run(this.contextOf(vm.id), work));
  }
}
