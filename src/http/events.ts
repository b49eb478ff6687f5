import type { Job, Jobs } from '../job/jobs.ts';
import type { Vm } from '../store/vm.ts';
import type { StaleVms } from '../upkeep/stale-vms.ts';
import { getVmState } from '../vm/operation/state.ts';
import type { VmRegistry } from '../vm/registry.ts';

/** Whose events there are. */
export interface EventSources {
  vms: VmRegistry;
  jobs: Jobs;
  stale: StaleVms;
}

/** One who is told of every event, in the form of server-sent events (HTML standard, 9.2). */
export type Listener = (text: string) => void;

/** Tells what happens to VMs and jobs. docs/monitoring.md lists the events. */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #sources: EventSources;
  readonly #states = new Map<string, string>();

  constructor(sources: EventSources) {
    this.#sources = sources;
    const { vms, jobs, stale } = sources;
    for (const vm of vms.list()) this.#states.set(vm.id, getVmState(vm));
    vms.on('added', (vm) => {
      this.#states.set(vm.id, getVmState(vm));
      this.#tell('vm-added', describeVm(vm));
    });
    vms.on('changed', (vm) => this.#changed(vm));
    vms.on('removed', ({ id, name }) => {
      this.#states.delete(id);
      this.#tell('vm-removed', { id, name });
    });
    jobs.on('added', (job) => this.#tell('job-started', describeJob(job)));
    jobs.on('ended', (job, { result, code, message }) =>
      this.#tell('job-ended', { ...describeJob(job), result, error: code, message }),
    );
    stale.on('stale', (id, since, stopAt) =>
      this.#tell('vm-stale', { id, name: vms.get(id).name, since: timeOf(since), stop_at: timeOf(stopAt) }),
    );
    stale.on('used', (id) => this.#tell('vm-used', { id, name: vms.get(id).name }));
  }

  /** Tells a listener of the VMs that there are, and of all that happens from now on. @returns how to end it */
  listen(listener: Listener): () => void {
    listener(format('vms', this.#sources.vms.list().map(describeVm)));
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(vm: Vm): void {
    const previous = this.#states.get(vm.id);
    const state = getVmState(vm);
    if (state === previous) return;
    this.#states.set(vm.id, state);
    this.#tell('vm-state', { ...describeVm(vm), previous });
  }

  #tell(event: string, data: unknown): void {
    const text = format(event, data);
    for (const listener of this.#listeners) listener(text);
  }
}

/** JSON has no line ends of its own, so each event is two lines and an empty one. */
function format(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function describeVm(vm: Vm) {
  return { id: vm.id, name: vm.name, state: getVmState(vm) };
}

function describeJob({ number, kind, object }: Job) {
  return { job: number, kind, ...(object.kind !== 'none' && { [object.kind]: object.id }) };
}

function timeOf(microseconds: number): string {
  return new Date(microseconds / 1000).toISOString();
}
