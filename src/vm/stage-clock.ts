import type { StartRecord } from '../store/starts.ts';
import type { Work } from '../work/work.ts';

/** Work that passes its stages on and measures how long each takes. */
export class StageClock implements Work {
  readonly job: number | undefined;
  readonly signal: AbortSignal;
  readonly #work: Work;
  readonly #beganAt = Date.now() * 1000;
  readonly #stages: { name: string; at: number }[] = [];

  constructor(work: Work) {
    this.job = work.job;
    this.signal = work.signal;
    this.#work = work;
  }

  stage(name: string, progress?: number): void {
    if (this.#stages.at(-1)?.name !== name) this.#stages.push({ name, at: performance.now() });
    this.#work.stage(name, progress);
  }

  /** What was measured until now; the last stage has just ended. */
  record(result: StartRecord['result']): StartRecord {
    const now = performance.now();
    const stages = this.#stages.map(({ name, at }, index) => {
      const end = this.#stages[index + 1]?.at ?? now;
      return [name, Math.round((end - at) * 1000)] as const;
    });
    return { beganAt: this.#beganAt, result, stages };
  }
}
