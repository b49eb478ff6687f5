import { EventEmitter } from 'node:events';
import type { ErrorCode } from '../common/error-table.ts';
import { BangerError, getProblem } from '../common/errors.ts';
import { asKnownFailure } from '../common/system-error.ts';
import type { Work } from '../work/work.ts';

/** How a job can end. */
export const jobResults = ['done', 'failed', 'cancelled'] as const;

/** What a job works on, in the domain's terms. */
export interface JobObject {
  kind: 'vm' | 'image' | 'kernel' | 'none';
  id: string;
}

/** What a job is. */
export interface JobSpec {
  /** What it does, in a word for clients. */
  kind: string;
  object: JobObject;
  /** Whether clients can cancel it. */
  cancelable: boolean;
}

/** How a job ended. The code and the message are empty when it is done. */
export interface JobResult {
  result: (typeof jobResults)[number];
  code: ErrorCode | '';
  message: string;
}

/** How long an ended job can still be read. */
const keptAfterEndMs = 10_000;

/** One piece of long work that clients can watch and cancel. */
export class Job implements JobSpec, Work {
  readonly number: number;
  readonly kind: string;
  readonly object: JobObject;
  readonly cancelable: boolean;
  stageName = '';
  progress = -1;
  state: 'running' | JobResult['result'] = 'running';
  readonly #abort = new AbortController();
  readonly #changed: (job: Job) => void;

  constructor(number: number, { kind, object, cancelable }: JobSpec, changed: (job: Job) => void) {
    this.number = number;
    this.kind = kind;
    this.object = object;
    this.cancelable = cancelable;
    this.#changed = changed;
  }

  get job(): number {
    return this.number;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stage(name: string, progress = -1): void {
    if (name === this.stageName && progress === this.progress) return;
    this.stageName = name;
    this.progress = progress;
    this.#changed(this);
  }

  /** Asks the work to stop and to undo what it did; its end tells whether it did. @throws NotSupported */
  cancel(): void {
    if (!this.cancelable)
      throw new BangerError('NotSupported', `a ${this.kind} cannot be cancelled`, {
        remedy: 'wait for its end',
      });
    this.#abort.abort();
  }
}

/** The jobs of this daemon. */
export class Jobs extends EventEmitter<{
  added: [Job];
  changed: [Job];
  ended: [Job, JobResult];
  removed: [Job];
}> {
  readonly #jobs = new Map<number, { job: Job; settled: Promise<void> }>();
  readonly #onFailure: (job: Job, error: unknown) => void;
  readonly #logPlace: string;
  #last = 0;

  /**
   * @param onFailure is told of every job that failed, with what was thrown, for the log
   * @param logPlace where a person finds the log
   */
  constructor(onFailure: (job: Job, error: unknown) => void, logPlace = "the daemon's log") {
    super();
    this.#onFailure = onFailure;
    this.#logPlace = logPlace;
  }

  /** The jobs that have not ended. */
  get running(): Job[] {
    return [...this.#jobs.values()].map(({ job }) => job).filter((job) => job.state === 'running');
  }

  /** Starts work as a job. It begins after the caller has had a chance to answer with the job's number. */
  start(spec: JobSpec, work: (job: Job) => Promise<void>): Job {
    const job = new Job(++this.#last, spec, (changed) => this.emit('changed', changed));
    const settled = new Promise<void>((resolve) => {
      setImmediate(() => this.#run(job, work).finally(resolve));
    });
    this.#jobs.set(job.number, { job, settled });
    this.emit('added', job);
    return job;
  }

  /** Cancels all that runs and waits until it is undone. */
  async cancelAll(): Promise<void> {
    for (const job of this.running) if (job.cancelable) job.cancel();
    await this.settled();
  }

  /** Waits until all that runs now has ended. */
  async settled(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map(({ settled }) => settled));
  }

  async #run(job: Job, work: (job: Job) => Promise<void>): Promise<void> {
    const result = await work(job).then<JobResult, JobResult>(
      () => ({ result: 'done', code: '', message: '' }),
      (error: unknown) => this.#failure(job, error),
    );
    job.state = result.result;
    this.emit('changed', job);
    this.emit('ended', job, result);
    setTimeout(() => {
      this.#jobs.delete(job.number);
      this.emit('removed', job);
    }, keptAfterEndMs).unref();
  }

  #failure(job: Job, error: unknown): JobResult {
    if (error instanceof BangerError && error.code === 'Cancelled') {
      return { result: 'cancelled', code: error.code, message: error.message };
    }
    this.#onFailure(job, error);
    const known = asKnownFailure(error);
    if (known instanceof BangerError) return { result: 'failed', code: known.code, message: known.message };
    const internal = new BangerError(
      'Internal',
      `internal error in job ${job.number}: ${getProblem(error)}`,
      {
        remedy: `read the details in ${this.#logPlace}`,
      },
    );
    return { result: 'failed', code: internal.code, message: internal.message };
  }
}
