import { EventEmitter } from 'node:events';
import type { Config } from '../config/config.ts';
import type { Usage } from '../guest/usage.ts';
import type { Vm } from '../store/vm.ts';
import type { Host, VmContext } from '../vm/context.ts';
import { getVmState } from '../vm/operation/state.ts';
import { HostClock } from './host-clock.ts';
import { Poll } from './poll.ts';
import { Samples } from './samples.ts';
import { measureStats } from './stats.ts';
import { Trouble } from './trouble.ts';

/** No guest is asked more often by ourselves, however small the intervals in the configuration are. */
const minIntervalMs = 250;

/** What the monitor tells those who act on it. */
export interface MonitorEvents {
  /** A VM runs, or has changed while it does. */
  runs: [];
  /** A VM does not run any more. */
  ended: [id: string];
  /** Guests' clocks are behind the host's by so many milliseconds; negative if they are ahead. */
  clockJumped: [ms: number];
}

/** Who wants to know of every guest what it uses. */
export interface Onlooker {
  /** Milliseconds within which guests are to be asked again; nothing if it needs them no sooner than others. */
  intervalMs(config: Config): number | undefined;
  /** Is called before guests are asked. @returns what is told what each of them answered, if it did */
  beginRound(): Promise<(id: string, guest: Usage | undefined) => void>;
}

/**
 * Looks from time to time what running VMs use and whether the host's clock has jumped. It changes nothing. While no VM
 * runs it asks nobody. It knows nothing of before its daemon began.
 */
export class Monitor extends EventEmitter<MonitorEvents> {
  readonly samples: Samples;
  /** For all that looks at VMs from time to time. */
  readonly trouble: Trouble;
  readonly #vms: Host['vms'];
  readonly #contextOf: (id: string) => VmContext;
  readonly #polls: readonly Poll[];
  readonly #clock = new HostClock((ms) => this.emit('clockJumped', ms));
  #onlooker: Onlooker | undefined;

  /** @param contextOf gives the context of a VM, or throws NoSuchVM */
  constructor(
    { vms, log }: Pick<Host, 'vms' | 'log'>,
    contextOf: (id: string) => VmContext,
    config: () => Promise<Config>,
  ) {
    super();
    this.#vms = vms;
    this.#contextOf = contextOf;
    this.samples = new Samples(contextOf);
    this.trouble = new Trouble(log);
    const always = {
      isNeeded: () => this.running().length > 0,
      onError: (error: unknown) => this.trouble.tell(error),
    };
    this.#polls = [
      new Poll({
        ...always,
        intervalMs: async () => (await config()).statsPollInterval,
        round: () => this.#lookAtAll(),
      }),
      new Poll({
        ...always,
        intervalMs: async () => this.#guestIntervalMs(await config()),
        round: () => this.#askAll(),
      }),
    ];
  }

  /** Has an onlooker told what guests use; there is only one. */
  show(onlooker: Onlooker): void {
    this.#onlooker = onlooker;
  }

  /** Begins to look at the VMs that run, and at each that starts to. */
  begin(): void {
    this.#vms.on('changed', (vm) => {
      if (getVmState(vm) === 'running') this.#wake();
      else this.#forget(vm);
    });
    this.#vms.on('removed', (vm) => this.#forget(vm));
    this.#clock.begin();
    this.#wake();
  }

  end(): void {
    this.#clock.end();
    for (const poll of this.#polls) poll.end();
  }

  /** The VMs that run now. */
  running(): Vm[] {
    return this.#vms.list().filter((vm) => getVmState(vm) === 'running');
  }

  /** What a VM uses, by the names of VM1.Stats. @throws NoSuchVM */
  async measureStats(id: string): Promise<Record<string, number>> {
    return measureStats(this.#contextOf(id), this.samples);
  }

  #wake(): void {
    for (const poll of this.#polls) poll.wake();
    this.emit('runs');
  }

  #forget({ id }: Pick<Vm, 'id'>): void {
    this.samples.forget(id);
    this.emit('ended', id);
  }

  #guestIntervalMs(config: Config): number {
    const { metricsPollInterval } = config;
    const wanted = this.#onlooker?.intervalMs(config);
    if (wanted === undefined) return metricsPollInterval;
    return Math.max(minIntervalMs, Math.min(metricsPollInterval, wanted));
  }

  async #lookAtAll(): Promise<void> {
    await Promise.all(this.running().map(({ id }) => this.samples.lookAt(id)));
  }

  async #askAll(): Promise<void> {
    const tell = await this.#onlooker?.beginRound();
    await Promise.all(
      this.running().map(async ({ id }) => {
        const guest = await this.samples.ask(id);
        // It may have been stopped meanwhile.
        if (this.running().some((vm) => vm.id === id)) tell?.(id, guest);
      }),
    );
  }
}
