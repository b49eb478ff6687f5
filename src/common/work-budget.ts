/** How much work something may cause: a store that is spent and filled again. */
export interface BudgetLimits {
  /** What can be spent at once, in units; also what there is at the beginning. */
  capacity: number;
  /** Units that come back each second. */
  perSecond: number;
}

/** The work that a chunk is beside its bytes, in units of one byte: tiny chunks cost most. */
export const chunkUnits = 512;

/**
 * Bounds the work that a guest causes in the daemon, in units of one byte that is read. Counted and not measured:
 * a busy machine does not make a guest look worse.
 */
export class WorkBudget {
  readonly #limits: BudgetLimits;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /** @param now a clock in milliseconds that is never set */
  constructor(limits: BudgetLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
    this.#left = limits.capacity;
    this.#at = now();
  }

  /** Adds units for something that was asked for, up to the capacity. */
  grant(units: number): void {
    this.#refill();
    this.#add(units);
  }

  /** Spends units. @returns whether there were enough; once there were not, there are never enough again */
  spend(units: number): boolean {
    this.#refill();
    if (this.#left >= 0) this.#left -= units;
    return this.#left >= 0;
  }

  #refill(): void {
    const now = this.#now();
    this.#add(((now - this.#at) / 1000) * this.#limits.perSecond);
    this.#at = now;
  }

  #add(units: number): void {
    if (this.#left >= 0) this.#left = Math.min(this.#limits.capacity, this.#left + units);
  }
}
