import { setTimeout as sleep } from 'node:timers/promises';
import { type Usage, usage } from '../guest/usage.ts';
import { getAgent } from '../vm/agent.ts';
import type { VmContext } from '../vm/context.ts';
import { getVmState } from '../vm/operation/state.ts';
import { allocatedBytes, cpusBetween, type HostUsage, hostUsage } from './host-usage.ts';

/** What was last seen of a running VM. */
export interface Sample {
  host: HostUsage;
  /** Processors in use at that time; absent until there are two figures to compare. */
  cpu?: number;
  diskAllocated: number;
}

/** A guest that has not answered by then is taken for hung. */
const guestTimeoutMs = 2_000;
/** Two figures nearer to each other than this say little, clock ticks being 10 ms long. */
const nearestMs = 200;
/** What was used longer ago than this is not used just now. */
const justNowMs = 3_000;

/** Looks what VMs use, and remembers what it saw as long as they run. */
export class Samples {
  readonly #contextOf: (id: string) => VmContext;
  readonly #latest = new Map<string, Sample>();
  readonly #guests = new Map<string, Usage>();
  readonly #asked = new Map<string, Promise<Usage | undefined>>();

  constructor(contextOf: (id: string) => VmContext) {
    this.#contextOf = contextOf;
  }

  /** What was last seen of a VM; nothing if it does not run or was not looked at yet. */
  latest(id: string): Sample | undefined {
    return this.#latest.get(id);
  }

  /** What its guest told when it was last asked; nothing if it did not answer. */
  latestOfGuest(id: string): Usage | undefined {
    return this.#guests.get(id);
  }

  /** Forgets what was seen of a VM that does not run any more. */
  forget(id: string): void {
    this.#latest.delete(id);
    this.#guests.delete(id);
  }

  /** Looks at a VM from the host. @returns nothing if it does not run. @throws NoSuchVM */
  async lookAt(id: string): Promise<Sample | undefined> {
    const context = this.#contextOf(id);
    const [host, diskAllocated] = await Promise.all([hostUsage(context), allocatedBytes(context.files)]);
    if (!host) {
      this.forget(id);
      return undefined;
    }
    const last = this.#latest.get(id);
    const before = last?.host.startTime === host.startTime ? last : undefined;
    if (before && host.atMs - before.host.atMs < nearestMs) return before;
    const sample: Sample = {
      host,
      diskAllocated,
      ...(before && { cpu: cpusBetween(before.host, host) }),
    };
    this.#latest.set(id, sample);
    return sample;
  }

  /** As `lookAt`, and its `cpu` is of this moment, for which it may take a quarter of a second. */
  async lookNow(id: string): Promise<Sample | undefined> {
    const last = this.#latest.get(id);
    if (!last || performance.now() - last.host.atMs > justNowMs) await this.lookAt(id);
    const since = performance.now() - (this.#latest.get(id)?.host.atMs ?? 0);
    if (since < nearestMs) await sleep(nearestMs - since + 1);
    return this.lookAt(id);
  }

  /** Asks a guest what it uses. @returns nothing if it does not answer soon */
  ask(id: string): Promise<Usage | undefined> {
    // A channel serves one host at a time: who asks in the meantime waits for the same answer.
    const present = this.#asked.get(id);
    if (present) return present;
    const answer = this.#ask(id).finally(() => this.#asked.delete(id));
    this.#asked.set(id, answer);
    return answer;
  }

  async #ask(id: string): Promise<Usage | undefined> {
    const context = this.#contextOf(id);
    const { host } = context;
    const { connect, budget } = getAgent(context, 'query');
    const guest = await usage(connect, { timeoutMs: guestTimeoutMs, budget }).catch(() => undefined);
    // It may have ended meanwhile, and what it told with it.
    if (guest && host.vms.has(id) && getVmState(host.vms.get(id)) === 'running') this.#guests.set(id, guest);
    else this.#guests.delete(id);
    return guest;
  }
}
