import { cancelled, onAbort, throwIfCancelled } from '../common/abort.ts';
import type { Work } from '../work/work.ts';

/**
 * Limits how many guests boot at once. A guest must be ready within some time of its first instruction, and one
 * that shares its CPU with too many others cannot be; one that waits for its turn has not begun yet.
 */
export class BootSlots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Waits for a turn, in the stage `queue` if it is not there at once. It lasts until it is disposed of. Those
   * ahead have deadlines, so the wait has an end.
   * @throws Cancelled
   */
  async take(work: Work): Promise<Disposable> {
    if (this.#free > 0) this.#free--;
    else {
      work.stage('queue');
      await this.#turn(work.signal);
    }
    return { [Symbol.dispose]: () => this.#release() };
  }

  async #turn(signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    using _cancellation = onAbort(signal, () => {
      // A turn that was given just before is kept; whoever has it finds that it was cancelled.
      if (this.#waiting.delete(resolve)) reject(cancelled());
    });
    await promise;
  }

  /** Gives the turn to whoever has waited longest. */
  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
