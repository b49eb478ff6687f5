import { BangerError } from '../common/errors.ts';
import type { Job, Jobs } from '../job/jobs.ts';
import type { Vm } from '../store/vm.ts';
import type { Host, VmContext } from './context.ts';
import { recordFailure } from './ended.ts';
import { expectThawed } from './frozen.ts';
import { ends, passSignal, readSignal } from './kill.ts';
import { expectBridge } from './network.ts';
import { newVm, type VmDefaults } from './new.ts';
import {
  createVm,
  deleteVm,
  endBySignal,
  fillWorkspace,
  rebootVm,
  restartVm,
  setVm,
  startVm,
  stopVm,
} from './operation/acts.ts';
import { VmJobs } from './operation/jobs.ts';
import { getVmState } from './operation/state.ts';
import { maxReboots, RebootLimit, rebootPeriodMs } from './reboot-limit.ts';
import { changedSettings, getVmSettings } from './set.ts';
import type { VmChange, VmRequest, VmSettings } from './spec.ts';
import { VmWatch } from './watch.ts';
import type { WorkspaceRequest } from './workspace.ts';

/** How long a guest may take to power off unless the caller says otherwise. */
export const defaultStopMs = 90_000;

/** What is done to VMs. Each operation is a job, and a VM has one at most. */
export class VmOperations {
  readonly #host: Host;
  readonly #vmJobs: VmJobs;
  readonly #defaults: () => Promise<VmDefaults>;
  readonly #rebootLimit = new RebootLimit();
  readonly watch: VmWatch;

  constructor(host: Host, jobs: Jobs, defaults: () => Promise<VmDefaults>) {
    this.#host = host;
    this.#vmJobs = new VmJobs(jobs);
    this.#defaults = defaults;
    this.watch = new VmWatch(
      (id) => this.contextOf(id),
      (id) => this.rebootByGuest(id),
    );
  }

  contextOf(id: string): VmContext {
    return { host: this.#host, id, files: this.#host.vms.getVmFiles(id) };
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
    const job = this.#vmJobs.claim('create', vm, (work) =>
      createVm(this.#subject(vm.id), request.start, work),
    );
    return { vm, job };
  }

  /** @throws NoSuchVM, Busy, NotRunning if it is frozen */
  start(reference: string): Job {
    const vm = this.#host.vms.get(reference);
    expectThawed(vm);
    return this.#vmJobs.claim('start', vm, (work) => startVm(this.#subject(vm.id), work));
  }

  /** @param timeoutMs how long the guest may take before it is forced. @throws NoSuchVM, Busy */
  stop(reference: string, timeoutMs: number): Job {
    const vm = this.#host.vms.get(reference);
    return this.#vmJobs.claim('stop', vm, (work) => stopVm(this.#subject(vm.id), timeoutMs, work));
  }

  /** Stops a VM as `stop` does, if it runs, and starts it. Cancelled, it leaves a stopped VM. @throws NoSuchVM, Busy */
  restart(reference: string, timeoutMs: number): Job {
    const vm = this.#host.vms.get(reference);
    return this.#vmJobs.claim('restart', vm, (work) => restartVm(this.#subject(vm.id), timeoutMs, work));
  }

  /**
   * Boots a VM again whose guest has rebooted by itself, which ended its VMM. One that does so over and over has failed.
   * @throws NoSuchVM
   */
  async rebootByGuest(id: string): Promise<void> {
    const context = this.contextOf(id);
    const vm = this.#host.vms.get(id);
    if (!this.#rebootLimit.take(id)) {
      const minutes = rebootPeriodMs / 60_000;
      const cause = `the guest rebooted over and over, more than ${maxReboots} times within ${minutes} minutes, and was left off`;
      await recordFailure(context, cause, 'the console');
      return;
    }
    this.#host.log.info({ vm: id }, `${vm.name} boots again: its guest rebooted`);
    this.#vmJobs.overtake('reboot', vm, (work, others) => rebootVm(this.#subject(id), others, work));
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
        `${vm.name} is ${getVmState(vm)}: it has no VMM that could get a signal`,
      );
    }
    if (cancels) this.#vmJobs.present(vm.id)?.cancel();
    return this.#vmJobs.overtake('kill', vm, (work, others) => {
      const subject = this.#subject(vm.id);
      return ends(read) ? endBySignal(subject, read, others, work) : passSignal(subject.context, read);
    });
  }

  /** Changes what a VM is. @throws NoSuchVM, Busy, InvalidArgs, NotRunning if it is frozen */
  set(reference: string, change: VmChange): Job {
    const vm = this.#host.vms.get(reference);
    expectThawed(vm);
    return this.#set(vm, changedSettings(vm, change), getVmSettings(vm));
  }

  /** Finishes a set that was recorded and then cut short. @throws NoSuchVM, Busy */
  finishSet(reference: string): Job {
    const vm = this.#host.vms.get(reference);
    return this.#set(vm, getVmSettings(vm), undefined);
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
      throw new BangerError('Busy', `${vm.name} is ${getVmState(vm)}`, {
        remedy: 'stop it first, or delete it with --force',
      });
    }
    if (present?.cancelable) present.cancel();
    return this.#vmJobs.overtake('delete', vm, async (work, others) => {
      const subject = this.#subject(vm.id);
      // What waits for the guest, such as a stop, goes on at once when the VMM is gone.
      if (present && this.#host.vms.has(vm.id)) await endBySignal(subject, 'KILL', others, work);
      if (this.#host.vms.has(vm.id)) await deleteVm(subject, work);
    });
  }

  /** Deletes what went with a client that has left the bus. */
  ownerVanished(owner: string): void {
    for (const vm of this.#host.vms.list()) if (vm.owner === owner) this.delete(vm.id, true);
  }

  /** Copies a checkout of the host into a running VM. @throws NoSuchVM, NotRunning, Busy */
  prepareWorkspace(reference: string, request: WorkspaceRequest): Job {
    const vm = this.#host.vms.getRunning(reference);
    return this.#vmJobs.claim('workspace', vm, (work) => fillWorkspace(this.#subject(vm.id), request, work));
  }

  #subject(id: string) {
    return { context: this.contextOf(id), watch: this.watch };
  }

  #set(vm: Vm, wanted: VmSettings, former: VmSettings | undefined): Job {
    return this.#vmJobs.claim('set', vm, (work) => setVm(this.#subject(vm.id), wanted, former, work));
  }
}
