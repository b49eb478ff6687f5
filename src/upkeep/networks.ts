import { Poll } from '../monitor/poll.ts';
import type { Trouble } from '../monitor/trouble.ts';
import { deniedNetworks } from '../network/denied.ts';
import type { Vm } from '../store/vm.ts';
import type { VmContext } from '../vm/context.ts';
import { HostAddresses } from '../vm/host-addresses.ts';
import { Ports } from '../vm/ports.ts';

/**
 * How long, at most, a port that begins to listen in a guest is not forwarded, and a new address of the host not denied:
 * the least, and the most where guests are slow.
 */
const intervalMs = { least: 2_000, most: 10_000 } as const;
/** A guest has work to tell its ports. No more than about a hundredth of its time is for that, or it would never count as unused. */
const share = 1 / 100;

/** Has the ports of running VMs forwarded, and addresses that the host got meanwhile denied to them. */
export class Networks {
  readonly ports: Ports;
  readonly #hostAddresses = new HostAddresses();
  readonly #running: () => Vm[];
  readonly #contextOf: (id: string) => VmContext;
  readonly #poll: Poll;
  #intervalMs: number = intervalMs.least;

  constructor(running: () => Vm[], contextOf: (id: string) => VmContext, trouble: Trouble) {
    this.#running = running;
    this.#contextOf = contextOf;
    this.ports = new Ports(contextOf);
    this.#poll = new Poll({
      isNeeded: () => this.#enclosed().length > 0,
      onError: (error) => trouble.tell(error),
      intervalMs: async () => this.#intervalMs,
      round: () => this.#lookAfterAll(),
    });
  }

  /** Begins if a VM runs that needs it. */
  wake(): void {
    this.#poll.wake();
  }

  end(): void {
    this.#poll.end();
  }

  /** Forgets what a VM that does not run any more was told. */
  forget(id: string): void {
    this.#hostAddresses.forget(id);
  }

  /** Those whose ports are not reached unless they are forwarded, and that know of the host what they are told. */
  #enclosed(): Vm[] {
    return this.#running().filter(({ run }) => run?.network === 'user');
  }

  async #lookAfterAll(): Promise<void> {
    // Whether private networks are among them was settled when the VM started.
    const denied = deniedNetworks(true);
    const began = performance.now();
    // A guest that does not answer keeps the forwards that it has; a network that is gone is that of a VM that ends.
    await Promise.allSettled(
      this.#enclosed().flatMap(({ id }) => [
        this.#hostAddresses.deny(this.#contextOf(id), denied),
        this.ports.look(id),
      ]),
    );
    const wanted = (performance.now() - began) / share;
    this.#intervalMs = Math.min(Math.max(wanted, intervalMs.least), intervalMs.most);
  }
}
