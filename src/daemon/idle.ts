/** Gets how long the daemon stays when nothing needs it, in milliseconds; tests do not wait a minute. */
export function idleMs(env: NodeJS.ProcessEnv = process.env): number {
  const given = Number(env.BANGER_IDLE_MS);
  return given > 0 ? given : 60_000;
}

/** Ends the daemon when nothing needs it: no VM, no job, and no call for a while. */
export class IdleExit {
  #timer: NodeJS.Timeout | undefined;
  readonly #afterMs: number;
  readonly #isBusy: () => boolean;
  readonly #exit: () => void;

  /**
   * @param isBusy whether there is a reason to stay that no call tells of
   * @param exit called once it has been idle for that long
   */
  constructor(afterMs: number, isBusy: () => boolean, exit: () => void) {
    this.#afterMs = afterMs;
    this.#isBusy = isBusy;
    this.#exit = exit;
    this.postpone();
  }

  /** Starts the waiting anew: somebody called. */
  postpone(): void {
    clearTimeout(this.#timer);
    const look = () => (this.#isBusy() ? this.postpone() : this.#exit());
    // A daemon that has ended otherwise need not wait for it.
    this.#timer = setTimeout(look, this.#afterMs).unref();
  }
}
