import { BangerError } from './errors.ts';

/** Makes the error of work that was cancelled. @param during what was going on, such as `while the guest was asked` */
export function cancelled(during = 'on request'): BangerError {
  return new BangerError('Cancelled', `cancelled ${during}`);
}

/** Throws Cancelled if the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

/** Calls something once, when the signal is aborted or at once if it is already, unless disposed of before. */
export function onAbort(signal: AbortSignal | undefined, act: () => void): Disposable {
  // The event is of no use to anyone, and would be what a promise resolves with.
  const listener = () => act();
  if (signal?.aborted) act();
  else signal?.addEventListener('abort', listener, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', listener) };
}

/** Waits until the signal is aborted. */
export function untilAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    onAbort(signal, resolve);
  });
}

/**
 * Waits for work that does not stop when the signal is aborted.
 * @param during what is going on, for the error
 * @throws Cancelled when the signal is aborted first, and what the work throws
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  during?: string,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  // The work may fail after nobody waits for it.
  work.catch(() => undefined);
  using _listener = onAbort(signal, () => reject(cancelled(during)));
  return await Promise.race([promise, work]);
}

/** A limit of time for work that stops when its signal is aborted. */
export class Deadline implements Disposable {
  readonly #abort = new AbortController();
  readonly #listener: Disposable;
  readonly #timer: NodeJS.Timeout;
  #passed = false;

  /**
   * @param timeoutMs how long the work may take
   * @param outer a signal that stops the work before
   */
  constructor(timeoutMs: number, outer?: AbortSignal) {
    // The timer of AbortSignal.timeout keeps no process alive.
    this.#timer = setTimeout(() => {
      this.#passed = true;
      this.#abort.abort();
    }, timeoutMs);
    this.#listener = onAbort(outer, () => this.#abort.abort());
  }

  /** Aborted when the time is over, and by the outer signal. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Is true if the time was over before this was disposed of. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Takes the limit back. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#listener[Symbol.dispose]();
  }
}
