import type { Bus } from '../bus/connection.ts';
import { BangerError } from '../common/errors.ts';
import {
  callManager,
  goneError,
  isAway,
  isRefusal,
  managerInterface,
  propertiesInterface,
  systemdName,
  systemdPath,
  unitPath,
} from './manager.ts';

/** How long the manager may be away, as it is for a moment while it executes itself anew. */
const awayMs = 10_000;

/**
 * Hears of everything that may have changed a unit. A signal is taken for no more than a hint to look: some come before
 * what they tell of, some twice, and those of the time in which the manager executes itself anew do not come at all.
 */
export class UnitChanges {
  readonly #bus: Bus;
  /** Who waits for changes of which unit. */
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Whether somebody has waited in vain for the manager to come back; nobody else does. */
  #isGone = false;

  private constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Begins to listen. @throws what the manager answers if it has no signals for us */
  static async follow(bus: Bus): Promise<UnitChanges> {
    const changes = new UnitChanges(bus);
    const hear = (member: string, handler: (body: readonly unknown[]) => void) =>
      bus.onSignal(
        { sender: systemdName, path: systemdPath, interface: managerInterface, member },
        ({ body }) => handler(body),
      );
    await Promise.all([
      hear('JobRemoved', ([, , unit]) => changes.#wake(unit)),
      hear('UnitRemoved', ([unit]) => changes.#wake(unit)),
      hear('Reloading', ([begins]) => {
        if (begins === false) changes.#wakeAll();
      }),
    ]);
    await bus.watchOwner(systemdName, (owner) => void changes.#subscribe(owner));
    return changes;
  }

  /**
   * Waits until a look at a unit gives something. It looks at once, and again whenever the unit may have changed.
   * @param unit nothing if it is only the manager that may be away
   * @param timeoutMs for ever where absent
   * @throws Timeout, HostNotReady if the manager stays away, and what `look` throws
   */
  async until<T>(
    unit: string | undefined,
    look: () => Promise<T | undefined>,
    timeoutMs?: number,
  ): Promise<T> {
    const bell = new Bell();
    const silence = await this.#listen(unit ?? '', bell.ring);
    const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    let awayUntil: number | undefined;
    try {
      for (;;) {
        bell.reset();
        try {
          const found = await look();
          if (found !== undefined) return found;
          awayUntil = undefined;
        } catch (error) {
          if (!isAway(error)) throw error;
          awayUntil ??= this.#isGone ? 0 : performance.now() + awayMs;
          if (performance.now() >= awayUntil) {
            this.#isGone = true;
            throw goneError(error);
          }
        }
        if (performance.now() >= deadline) {
          throw new BangerError('Timeout', `${unit} did not get to where it should in time`, {
            remedy: `look at \`systemctl --user status ${unit}\``,
          });
        }
        await bell.rung(Math.min(deadline, awayUntil ?? Number.POSITIVE_INFINITY));
      }
    } finally {
      await silence();
    }
  }

  async #listen(unit: string, ring: () => void): Promise<() => Promise<void>> {
    const waiting = this.#waiting.get(unit) ?? new Set();
    this.#waiting.set(unit, waiting.add(ring));
    const match = { sender: systemdName, interface: propertiesInterface, member: 'PropertiesChanged' };
    const unsubscribe =
      unit && (await this.#bus.onSignal({ ...match, path: unitPath(unit) }, () => this.#wake(unit)));
    return async () => {
      waiting.delete(ring);
      if (waiting.size === 0 && this.#waiting.get(unit) === waiting) this.#waiting.delete(unit);
      if (unsubscribe) await unsubscribe();
    };
  }

  /** The manager that is there now sends its signals to those who subscribed to it. */
  async #subscribe(owner: string): Promise<void> {
    if (owner !== '') this.#isGone = false;
    try {
      if (owner !== '') await callManager(this.#bus, 'Subscribe');
    } catch (error) {
      // One that went away again is heard of when it returns.
      if (!isRefusal(error, 'AlreadySubscribed') && !isAway(error)) throw error;
    }
    this.#wakeAll();
  }

  #wake(unit: unknown): void {
    if (typeof unit === 'string') for (const ring of this.#waiting.get(unit) ?? []) ring();
  }

  #wakeAll(): void {
    for (const unit of this.#waiting.keys()) this.#wake(unit);
  }
}

/** Rung once or many times since it was reset, it is heard once. */
class Bell {
  #heard = Promise.withResolvers<void>();

  readonly ring = () => this.#heard.resolve();

  reset(): void {
    this.#heard = Promise.withResolvers();
  }

  /** @param until a time of `performance.now()` after which nobody waits any more */
  async rung(until: number): Promise<void> {
    const heard = this.#heard;
    if (until === Number.POSITIVE_INFINITY) return await heard.promise;
    const timer = setTimeout(heard.resolve, Math.max(0, until - performance.now()));
    await heard.promise;
    clearTimeout(timer);
  }
}
