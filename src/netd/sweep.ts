import type { OwnLink } from './links.ts';

/** Finds the users of whom nothing is left but interfaces: no connection to the bus, and no tap that is open. */
export class Sweep {
  readonly #graceMs: number;
  readonly #isConnected: (uid: number) => boolean;
  readonly #since = new Map<number, number>();

  /** @param graceMs how long a user must have been away: a daemon that crashed comes back */
  constructor(graceMs: number, isConnected: (uid: number) => boolean) {
    this.#graceMs = graceMs;
    this.#isConnected = isConnected;
  }

  /** The users whose bridges and taps are to go. @param now milliseconds of a clock that only goes forward */
  gone(links: readonly OwnLink[], now: number): number[] {
    const owned = links.filter(({ kind }) => kind !== 'resolver');
    const uids = new Set(owned.map(({ uid }) => uid));
    const isUsed = (uid: number) =>
      this.#isConnected(uid) ||
      owned.some((link) => link.uid === uid && link.kind === 'tap' && link.hasCarrier);
    for (const uid of this.#since.keys()) if (!uids.has(uid) || isUsed(uid)) this.#since.delete(uid);
    for (const uid of uids) if (!isUsed(uid) && !this.#since.has(uid)) this.#since.set(uid, now);
    return [...this.#since].filter(([, since]) => now - since >= this.#graceMs).map(([uid]) => uid);
  }
}
