import { BangerError, throwIfCancelled } from '../common/errors.ts';
import type { Work } from '../common/work.ts';
import type { Job, Jobs } from '../job/jobs.ts';
import type { Vm } from '../store/vm.ts';
import { bootVm } from './boot.ts';
import { type Host, record, type VmContext } from './context.ts';
import { createProcedure } from './create.ts';
import { deleteProcedure } from './delete.ts';
import { ends, killProcedure, passSignal, readSignal, type VmSignal } from './kill.ts';
import { expectBridge } from './network.ts';
import { newVm, type VmDefaults } from './new.ts';
import { VmJobs } from './operation/jobs.ts';
import { runOperation } from './operation/run.ts';
import { stateOf } from './operation/state.ts';
import type { OperationKind } from './operation/table.ts';
import { changedSettings, setProcedure, settingsOf } from './set.ts';
import type { VmChange, VmRequest, VmSettings } from './spec.ts';
import { stopProcedure } from './stop.ts';
import { VmWatch } from './watch.ts';
import { prepare, type WorkspaceRequest } from './workspace.ts';

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
  async create(request: VmRequest): Promise<{ vm: Vm; job: Job }> {
    const defaults = await this.#defaults();
    await this.#host.images.expect(request.image ?? defaults.image);
    if (request.start) {
      await this.#host.vmms.expect();
      await expectBridge(this.#host, request.network ?? defaults.network);
    }
    const vm = newVm(request, defaults, this.#host.vms);
    this.#host.vms.add(vm);
    const job = this.#claim('create', vm, (context, work) => this.#create(context, request.start, work));
    return { vm, job };
  }

  /** @throws NoSuchVM, Busy */
  start(reference: string): Job {
    return this.#claim('start', this.#host.vms.get(reference), (context, work) => this.#start(context, work));
  }

  /** @param timeoutMs how long the guest may take before it is forced. @throws NoSuchVM, Busy */
  stop(reference: string, timeoutMs: number): Job {
    return this.#claim('stop', this.#host.vms.get(reference), (context, work) =>
      this.#stop(context, timeoutMs, work),
    );
  }

  /**
   * Stops a VM as `stop` does, if it runs, and starts it. Cancelled, it leaves a stopped VM: a stop that has begun is
   * finished first, and a boot is taken back.
   * @throws NoSuchVM, Busy
   */
  restart(reference: string, timeoutMs: number): Job {
    return this.#claim('restart', this.#host.vms.get(reference), async (context, work) => {
      await this.#stop(context, timeoutMs, work);
      throwIfCancelled(work.signal);
      await this.#start(context, work);
    });
  }

  /**
   * Sends a signal to the VMM of a VM, whatever else is being done to the VM: if it ends the VMM, a start or another
   * use of the VM is cancelled, and a stop is over.
   * @throws NoSuchVM, NotRunning, InvalidArgs
   */
  kill(reference: string, signal: string): Job {
    const vm = this.#host.vms.get(reference);
    const read = readSignal(signal);
    const cancels = ends(read) && this.#vmJobs.yieldsToKill(vm.id);
    // One that is just starting has no VMM yet, and is cancelled.
    if (!vm.run?.program && !cancels) {
      throw new BangerError(
        'NotRunning',
        `${vm.name} is ${stateOf(vm)}: it has no VMM that could get a signal`,
      );
    }
    if (cancels) this.#vmJobs.present(vm.id)?.cancel();
    return this.#vmJobs.overtake('kill', vm, (work, others) => {
      const context = this.contextOf(vm.id);
      return ends(read) ? this.#endBySignal(context, read, others, work) : passSignal(context, read);
    });
  }

  /** Changes what a VM is. @throws NoSuchVM, Busy, InvalidArgs */
  set(reference: string, change: VmChange): Job {
    const vm = this.#host.vms.get(reference);
    return this.#set(vm, changedSettings(vm, change), settingsOf(vm));
  }

  /** Finishes a set that was recorded and then cut short. @throws NoSuchVM, Busy */
  finishSet(reference: string): Job {
    const vm = this.#host.vms.get(reference);
    return this.#set(vm, settingsOf(vm), undefined);
  }

  /** Unties an ephemeral VM from its owner. @throws NoSuchVM, AccessDenied if it belongs to another client */
  keep(reference: string, owner: string): void {
    const vm = this.#host.vms.get(reference);
    if (vm.owner === undefined) return;
    if (vm.owner !== owner) {
      throw new BangerError(
        'AccessDenied',
        `${vm.name} belongs to another client, and only that may keep it`,
      );
    }
    this.#host.vms.record(vm.id, { owner: undefined });
  }

  /** Deletes a VM; when forced, whatever is being done to it is cancelled first. @throws NoSuchVM, Busy */
  delete(reference: string, force: boolean): Job {
    const vm = this.#host.vms.get(reference);
    const present = this.#vmJobs.present(vm.id);
    if (present?.kind === 'delete') return present;
    if (!force && (vm.run?.program || present)) {
      throw new BangerError('Busy', `${vm.name} is ${stateOf(vm)}; stop it first, or delete it with --force`);
    }
    if (present?.cancelable) present.cancel();
    return this.#vmJobs.overtake('delete', vm, async (work, others) => {
      const context = this.contextOf(vm.id);
      // What waits for the guest, such as a stop, goes on at once when the VMM is gone.
      if (present && this.#host.vms.has(vm.id)) await this.#endBySignal(context, 'KILL', others, work);
      if (!this.#host.vms.has(vm.id)) return;
      await runOperation('delete', context, this.watch, work, () => removeVm(context));
    });
  }

  /** Deletes what went with a client that has left the bus. */
  ownerVanished(owner: string): void {
    for (const vm of this.#host.vms.list()) if (vm.owner === owner) this.delete(vm.id, true);
  }

  /** Copies a checkout of the host into a running VM. @throws NoSuchVM, NotRunning, Busy */
  prepareWorkspace(reference: string, request: WorkspaceRequest): Job {
    return this.#claim('workspace', this.#host.vms.getRunning(reference), (context, work) =>
      runOperation('workspace', context, this.watch, work, (own) => prepare(context, request, own)),
    );
  }

  async #create(context: VmContext, start: boolean, work: Work): Promise<void> {
    await runOperation('create', context, this.watch, work, async (own, become) => {
      let isMade = false;
      try {
        await createProcedure.perform(context, own);
        isMade = true;
        if (start) await bootVm(context, become('start'));
      } catch (error) {
        // A guest that did not come up is kept to be looked into; all else leaves nothing.
        const isKept = isMade && !work.signal.aborted;
        if (isKept) record(context, { owner: undefined });
        else {
          become('delete');
          await removeVm(context);
        }
        throw error;
      }
    });
  }

  async #start(context: VmContext, work: Work): Promise<void> {
    await runOperation('start', context, this.watch, work, (own) => bootVm(context, own));
  }

  async #stop(context: VmContext, timeoutMs: number, work: Work): Promise<void> {
    await runOperation('stop', context, this.watch, work, (own) =>
      stopProcedure.perform({ ...context, timeoutMs }, own),
    );
  }

  /** @param former what the VM was; nothing when a set is finished that was recorded before */
  #set(vm: Vm, wanted: VmSettings, former: VmSettings | undefined): Job {
    return this.#claim('set', vm, (context, work) =>
      runOperation('set', context, this.watch, work, (own) =>
        setProcedure.perform({ ...context, wanted, former }, own),
      ),
    );
  }

  /**
   * Ends a VMM by a signal, without asking its guest, and waits until it is recorded as stopped.
   * @param others the end of the jobs that the VM had; they end by themselves once the VMM has
   * @throws Timeout if the VMM does not heed the signal, Cancelled
   */
  async #endBySignal(
    context: VmContext,
    signal: VmSignal,
    others: Promise<unknown>,
    work: Work,
  ): Promise<void> {
    await runOperation('kill', context, this.watch, work, (own) =>
      killProcedure.perform({ ...context, signal, others }, own),
    );
  }

  #claim(kind: OperationKind, vm: Vm, run: (context: VmContext, work: Work) => Promise<void>): Job {
    return this.#vmJobs.claim(kind, vm, (work) => run(this.contextOf(vm.id), work));
  }
}

/** Removes a VM without telling the stages, and without an end on the way: half a VM is of no use to anyone. */
async function removeVm(context: VmContext): Promise<void> {
  await deleteProcedure.perform(context, { signal: new AbortController().signal, stage: () => undefined });
}
