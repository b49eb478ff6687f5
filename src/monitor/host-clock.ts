/** The clocks of this host, in milliseconds from any beginning. */
export interface Clocks {
  /** What `date` shows. It jumps when somebody sets it, and over the time that the host was suspended. */
  realtimeMs(): number;
  /** What guests' clocks go by: it is never set, and stands still while the host is suspended; clock_gettime(2). */
  monotonicMs(): number;
}

const systemClocks: Clocks = { realtimeMs: () => Date.now(), monotonicMs: () => performance.now() };

/** How often we look. The timer, too, stands still in a suspend, so it is at most so long after one. */
const lookMs = 5_000;
/** Less is left to what keeps time in the guests. Time daemons that correct a clock gently change both clocks. */
const jumpMs = 500;
/** Between two readings that belong together we were not kept waiting for longer. */
const readMs = 50;

/**
 * Notices that the clock of the host has been set, or that the host was suspended, by its two clocks having moved
 * apart. logind's PrepareForSleep would tell only of suspends that it ordered itself, and needs a system bus. Keeps no
 * process alive.
 */
export class HostClock {
  readonly #onJump: (ms: number) => void;
  readonly #clocks: Clocks;
  #offset = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onJump is told by how much guests' clocks are behind since the last look; negative if they are ahead */
  constructor(onJump: (ms: number) => void, clocks: Clocks = systemClocks) {
    this.#onJump = onJump;
    this.#clocks = clocks;
  }

  begin(): void {
    this.#offset = this.#read();
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const offset = this.#read();
    const jumped = offset - this.#offset;
    if (Math.abs(jumped) < jumpMs) return;
    this.#offset = offset;
    this.#onJump(jumped);
  }

  #read(): number {
    for (;;) {
      const before = this.#clocks.monotonicMs();
      const realtime = this.#clocks.realtimeMs();
      if (this.#clocks.monotonicMs() - before <= readMs) return realtime - before;
    }
  }
}
