import { setTimeout as sleep } from 'node:timers/promises';

/** What is done again and again. */
export interface Polling {
  /** Milliseconds from the end of one round to the beginning of the next. */
  intervalMs(): Promise<number>;
  /** Checks whether there is a reason for another round; without one there is not even a timer. */
  isNeeded(): boolean;
  round(): Promise<void>;
  /** Is told what the interval or a round threw; the next round comes all the same. */
  onError(error: unknown): void;
}

/** The interval where asking for it failed. */
const fallbackMs = 60_000;

/** Does something again and again as long as it is needed, never twice at once. Keeps no process alive. */
export class Poll {
  readonly #polling: Polling;
  readonly #end = new AbortController();
  #isActive = false;

  constructor(polling: Polling) {
    this.#polling = polling;
  }

  /** Begins if it is needed and not under way. */
  wake(): void {
    if (this.#isActive || !this.#isWanted()) return;
    this.#isActive = true;
    void this.#run();
  }

  /** No round begins after this. */
  end(): void {
    this.#end.abort();
  }

  #isWanted(): boolean {
    return !this.#end.signal.aborted && this.#polling.isNeeded();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (this.#isWanted()) {
      const intervalMs = await this.#polling.intervalMs().catch((error: unknown) => {
        this.#polling.onError(error);
        return fallbackMs;
      });
      await sleep(intervalMs, undefined, { ref: false, signal }).catch(() => undefined);
      if (this.#isWanted()) await this.#polling.round().catch((error) => this.#polling.onError(error));
    }
    this.#isActive = false;
  }
}
