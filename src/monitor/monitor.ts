import { messageOf } from '../common/errors.ts';
import type { Config } from '../config/config.ts';
import type { Jobs } from '../job/jobs.ts';
import { deniedNetworks } from '../network/denied.ts';
import type { Vm } from '../store/vm.ts';
import { setGuestClock } from '../vm/clock.ts';
import type { Host } from '../vm/context.ts';
import { HostAddresses } from '../vm/host-addresses.ts';
import { getVmState } from '../vm/operation/state.ts';
import { defaultStopMs, type VmOperations } from '../vm/operations.ts';
import { Ports } from '../vm/ports.ts';
import { HostClock } from './host-clock.ts';
import { Poll } from './poll.ts';
import { Samples } from './samples.ts';
import { StaleVms } from './stale-vms.ts';
import { graceMs } from './staleness.ts';
import { statsOf } from './stats.ts';

/** No guest is asked more often by ourselves, however small the intervals in the configuration are. */
const leastIntervalMs = 250;
/**
 * How long, at most, a port that begins to listen in a guest is not forwarded, and a new address of the host not denied:
 * the least, and the most where guests are slow.
 */
const networkIntervalMs = { least: 2_000, most: 10_000 } as const;
/** A guest has work to tell its ports. No more than about a hundredth of its time is for that, or it would never count as unused. */
const networkShare = 1 / 100;

/**
 * Looks from time to time what running VMs use, and stops those that nobody uses if the configuration says
 * so; has their ports forwarded, and their clocks follow the host's. While no VM runs it asks nobody. It knows nothing of before its daemon began.
 */
export class Monitor {
  readonly samples: Samples;
  readonly stale: StaleVms;
  readonly ports: Ports;
  readonly #hostAddresses = new HostAddresses();
  readonly #host: Host;
  readonly #operations: VmOperations;
  readonly #config: () => Promise<Config>;
  readonly #polls: readonly Poll[];
  readonly #clock = new HostClock((ms) => this.#setClocks(ms));
  #networkIntervalMs: number = networkIntervalMs.least;
  /** What went wrong last, so that the log has it once and not each time. */
  #trouble = '';

  constructor(host: Host, operations: VmOperations, jobs: Jobs, config: () => Promise<Config>) {
    this.#host = host;
    this.#operations = operations;
    this.#config = config;
    this.samples = new Samples((id) => operations.contextOf(id));
    this.ports = new Ports((id) => operations.contextOf(id));
    this.stale = new StaleVms({
      log: host.log,
      nameOf: (id) => host.vms.get(id).name,
      isWorkedOn: (id) => jobs.running.some(({ object }) => object.kind === 'vm' && object.id === id),
      stop: (id) => operations.stop(id, defaultStopMs),
    });
    const isNeeded = () => this.#running().length > 0;
    const onError = (error: unknown) => this.#tellTrouble(error);
    this.#polls = [
      new Poll({
        isNeeded,
        onError,
        intervalMs: async () => (await config()).statsPollIntervalMs,
        round: () => this.#lookAtAll(),
      }),
      new Poll({
        isNeeded,
        onError,
        intervalMs: async () => this.#guestIntervalMs(await config()),
        round: () => this.#askAll(),
      }),
      new Poll({
        isNeeded: () => this.#enclosed().length > 0,
        onError,
        intervalMs: async () => this.#networkIntervalMs,
        round: () => this.#lookAfterNetworks(),
      }),
    ];
  }

  /** Begins to look at the VMs that run, and at each that starts to. */
  begin(): void {
    const { vms } = this.#host;
    vms.on('changed', (vm) => {
      if (getVmState(vm) === 'running') this.#wake();
      else this.#forget(vm);
    });
    vms.on('removed', (vm) => this.#forget(vm));
    this.#clock.begin();
    this.#wake();
  }

  end(): void {
    this.#clock.end();
    for (const poll of this.#polls) poll.end();
  }

  /** What a VM uses, by the names of VM1.Stats. @throws NoSuchVM */
  async statsOf(id: string): Promise<Record<string, number>> {
    return statsOf(this.#operations.contextOf(id), this.samples);
  }

  #running(): Vm[] {
    return this.#host.vms.list().filter((vm) => getVmState(vm) === 'running');
  }

  /** Those whose ports are not reached unless they are forwarded, and that know of the host what they are told. */
  #enclosed(): Vm[] {
    return this.#running().filter(({ run }) => run?.network === 'user');
  }

  #wake(): void {
    for (const poll of this.#polls) poll.wake();
  }

  #forget({ id }: Pick<Vm, 'id'>): void {
    this.samples.forget(id);
    this.#hostAddresses.forget(id);
    this.stale.forget(id);
  }

  /** Guests' clocks know neither of a suspend of the host nor that its clock was set. */
  #setClocks(jumpedMs: number): void {
    const running = this.#running();
    if (running.length === 0) return;
    this.#host.log.info(
      { jump_ms: jumpedMs },
      `the clock of the host has jumped by ${(jumpedMs / 1000).toFixed(1)} s: it was set, or the host was suspended; setting those of the guests`,
    );
    for (const { id } of running) void setGuestClock(this.#operations.contextOf(id));
  }

  /** To stop VMs in time, guests are asked more often than for figures alone. */
  #guestIntervalMs({ metricsPollIntervalMs, autoStopStaleAfterMs }: Config): number {
    if (autoStopStaleAfterMs === undefined) return metricsPollIntervalMs;
    const grace = graceMs(autoStopStaleAfterMs);
    const wanted = this.stale.isAnyAnnounced ? grace / 4 : autoStopStaleAfterMs / 10;
    return Math.max(leastIntervalMs, Math.min(metricsPollIntervalMs, wanted));
  }

  async #lookAtAll(): Promise<void> {
    await Promise.all(this.#running().map(({ id }) => this.samples.lookAt(id)));
  }

  async #lookAfterNetworks(): Promise<void> {
    // Whether private networks are among them was settled when the VM started.
    const denied = deniedNetworks(true);
    const began = performance.now();
    // A guest that does not answer keeps the forwards that it has; a network that is gone is that of a VM that ends.
    await Promise.allSettled(
      this.#enclosed().flatMap(({ id }) => [
        this.#hostAddresses.deny(this.#operations.contextOf(id), denied),
        this.ports.look(id),
      ]),
    );
    const wanted = (performance.now() - began) / networkShare;
    this.#networkIntervalMs = Math.min(Math.max(wanted, networkIntervalMs.least), networkIntervalMs.most);
  }

  async #askAll(): Promise<void> {
    const staleAfterMs = await this.#staleAfterMs();
    await Promise.all(
      this.#running().map(async ({ id }) => {
        const guest = await this.samples.ask(id);
        // It may have been stopped meanwhile.
        if (this.#running().some((vm) => vm.id === id)) this.stale.see(id, guest, staleAfterMs);
      }),
    );
  }

  /** Nothing also while the configuration cannot be read: on a doubt no VM is stopped. */
  async #staleAfterMs(): Promise<number | undefined> {
    try {
      return (await this.#config()).autoStopStaleAfterMs;
    } catch (error) {
      this.#tellTrouble(error);
      return undefined;
    }
  }

  #tellTrouble(error: unknown): void {
    const trouble = messageOf(error);
    if (trouble !== this.#trouble) this.#host.log.warn({ err: error }, `looking at VMs: ${trouble}`);
    this.#trouble = trouble;
  }
}
