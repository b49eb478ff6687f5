import type { Logger } from 'pino';
import { getMessage } from '../common/errors.ts';
import type { Job, Jobs } from '../job/jobs.ts';

/** Writes when jobs begin and how they end. */
export function logJobs(jobs: Jobs, log: Logger): void {
  jobs.on('added', (job) => log.info(aboutJob(job), `${job.kind} begins`));
  jobs.on('ended', (job, { result }) => {
    // A failure is written with its cause.
    if (result !== 'failed') log.info(aboutJob(job), `${job.kind}: ${result}`);
  });
}

/** Writes why a job failed. */
export function logFailure(log: Logger, job: Job, error: unknown): void {
  log.error({ ...aboutJob(job), err: error }, `${job.kind} failed: ${getMessage(error)}`);
}

function aboutJob({ number, object }: Job): Record<string, unknown> {
  return { job: number, ...(object.kind !== 'none' && { [object.kind]: object.id }) };
}
