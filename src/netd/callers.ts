import type { Bus } from '../bus/connection.ts';
import { BangerError } from '../common/errors.ts';

const deadlineMs = 5_000;
/**
 * Calls that wait at the same time, of one connection and of one user: what is beyond is refused at once, so nobody
 * makes the others wait long. The bus bounds the connections of a user.
 */
const maxCalls = 8;
/** Connections with something granted that are watched at the same time. */
const maxConnections = 16;

/** Who calls: counts the calls of each user, and watches the connections that something was granted to. */
export class Callers {
  readonly #bus: Bus;
  readonly #onVanished: (sender: string) => void;
  /** How many wait, by connection and by uid. */
  readonly #calls = new Map<string | number, number>();
  readonly #connections = new Map<string, { uid: number; forget: Promise<() => Promise<void>> }>();

  /** @param onVanished told of each watched connection that has left the bus */
  constructor(bus: Bus, onVanished: (sender: string) => void) {
    this.#bus = bus;
    this.#onVanished = onVanished;
  }

  /** Is true if a call is being answered. */
  get areCalling(): boolean {
    return this.#calls.size > 0;
  }

  /**
   * Answers a call with its caller's uid, as the bus knows it from the kernel.
   * @throws Busy if too many calls wait, AccessDenied if the caller has gone, and what `answer` throws
   */
  async admit<T>(sender: string, answer: (uid: number) => Promise<T>): Promise<T> {
    // Of the connection first: whose it is takes asking.
    using _ofConnection = this.#count(sender);
    const uid = await this.#uidOf(sender);
    using _ofUser = this.#count(uid);
    return await answer(uid);
  }

  /** Watches a connection from now on. @throws Busy if its user has too many */
  async watch(uid: number, sender: string): Promise<void> {
    const known = this.#connections.get(sender);
    if (known) {
      await known.forget;
      return;
    }
    const own = [...this.#connections.values()].filter((each) => each.uid === uid);
    if (own.length >= maxConnections) throw tooMany('too many connections of yours have something granted');
    const forget = this.#bus.watchName(sender, () => this.#vanished(sender));
    this.#connections.set(sender, { uid, forget });
    await forget;
  }

  /** @throws AccessDenied if a connection that was watched has left the bus */
  requirePresent(sender: string): void {
    if (!this.#connections.has(sender)) {
      throw new BangerError('AccessDenied', 'the caller has left the bus', { remedy: 'call again' });
    }
  }

  /** Checks whether a user has a connection that is watched. */
  has(uid: number): boolean {
    return [...this.#connections.values()].some((each) => each.uid === uid);
  }

  #count(who: string | number): Disposable {
    const waiting = this.#calls.get(who) ?? 0;
    if (waiting >= maxCalls) throw tooMany(`${waiting} calls of yours wait already`);
    this.#calls.set(who, waiting + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#calls.get(who) ?? 1) - 1;
        if (left > 0) this.#calls.set(who, left);
        else this.#calls.delete(who);
      },
    };
  }

  #vanished(sender: string): void {
    const known = this.#connections.get(sender);
    this.#connections.delete(sender);
    known?.forget.then((forget) => forget()).catch(() => undefined);
    this.#onVanished(sender);
  }

  async #uidOf(sender: string): Promise<number> {
    const [uid] = await this.#bus
      .callBus('GetConnectionUnixUser', 's', [sender], deadlineMs)
      .catch(() => [undefined]);
    if (typeof uid === 'number') return uid;
    throw new BangerError('AccessDenied', 'the bus does not say who calls', { remedy: 'call again' });
  }
}

function tooMany(what: string): BangerError {
  return new BangerError('Busy', `${what}`, { remedy: 'wait for their answers' });
}
