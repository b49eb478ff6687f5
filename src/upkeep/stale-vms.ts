import { EventEmitter } from 'node:events';
import { getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { Usage } from '../guest/usage.ts';
import { type Disuse, judge } from './staleness.ts';

/** What happens to a VM that nobody uses. Times are microseconds since the epoch. */
export interface StaleEvents {
  /** It is stale since then and will be stopped at that time unless somebody uses it. */
  stale: [id: string, since: number, stopAt: number];
  /** It was stale, and is not any more. */
  used: [id: string];
}

/** What can be seen of a VM and done to it. */
export interface StaleMeans {
  log: Log;
  nameOf(id: string): string;
  /** Checks whether the daemon works on it. */
  isWorkedOn(id: string): boolean;
  /** Begins to stop it. @throws Busy */
  stop(id: string): void;
}

/** Announces VMs that nobody uses, and stops them when nobody objects by using them. */
export class StaleVms extends EventEmitter<StaleEvents> {
  readonly #means: StaleMeans;
  readonly #disuses = new Map<string, Disuse>();
  /** VMs that somebody asked for since they were last looked at. */
  readonly #wanted = new Set<string>();

  constructor(means: StaleMeans) {
    super();
    this.#means = means;
  }

  /** Is true if a VM is announced, so that it is worth to look often. */
  get isAnyAnnounced(): boolean {
    return [...this.#disuses.values()].some(({ stopAtMs }) => stopAtMs !== undefined);
  }

  /** Somebody is about to use a VM. */
  want(id: string): void {
    this.#wanted.add(id);
  }

  /** Forgets what was known of a VM, which does not run any more. */
  forget(id: string): void {
    this.#disuses.delete(id);
    this.#wanted.delete(id);
  }

  /**
   * Takes what was just seen of a VM.
   * @param guest nothing if it did not answer
   * @param staleAfterMs nothing if no VM is to be stopped for disuse
   */
  see(
    id: string,
    guest: Usage | undefined,
    staleAfterMs: number | undefined,
    atMs: number = performance.now(),
  ): void {
    const before = this.#disuses.get(id);
    const isWorkedOn = this.#wanted.delete(id) || this.#means.isWorkedOn(id);
    const now =
      staleAfterMs === undefined ? undefined : judge(before, { atMs, guest, isWorkedOn }, staleAfterMs);
    if (now) this.#disuses.set(id, now);
    else this.#disuses.delete(id);
    if (before?.stopAtMs !== undefined && now?.stopAtMs === undefined) this.#callOff(id);
    else if (now?.stopAtMs === undefined) return;
    else if (before?.stopAtMs === undefined) this.#announce(id, atMs, now.sinceMs, now.stopAtMs);
    else if (atMs >= now.stopAtMs) this.#stop(id, atMs - now.sinceMs);
  }

  #announce(id: string, atMs: number, sinceMs: number, stopAtMs: number): void {
    const toTime = (ms: number) => Math.round((Date.now() + ms - atMs) * 1000);
    const [since, stopAt] = [toTime(sinceMs), toTime(stopAtMs)];
    const { log, nameOf } = this.#means;
    log.info({ vm: id }, `${nameOf(id)} is stale: ${disused(atMs - sinceMs)}; it will be stopped soon`);
    this.emit('stale', id, since, stopAt);
  }

  #callOff(id: string): void {
    this.#means.log.info({ vm: id }, `${this.#means.nameOf(id)} is in use again and continues`);
    this.emit('used', id);
  }

  #stop(id: string, forMs: number): void {
    const { log, nameOf, stop } = this.#means;
    this.#disuses.delete(id);
    try {
      stop(id);
      log.info({ vm: id }, `stopping ${nameOf(id)}: ${disused(forMs)} (auto_stop_stale_after)`);
    } catch (error) {
      log.info({ vm: id }, `${nameOf(id)} is stale and continues: ${getMessage(error)}`);
      this.emit('used', id);
    }
  }
}

function disused(forMs: number): string {
  return `it was not used for ${Math.round(forMs / 1000)} s`;
}
