import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import { type JobResult, Jobs } from '../../src/job/jobs.ts';

const nothing = { kind: 'none', id: '' } as const;

async function outcomeOf(jobs: Jobs): Promise<JobResult> {
  const [, result] = await once(jobs, 'ended');
  return result as JobResult;
}

test('a job reports its stages and its end after its caller has its number', async () => {
  const jobs = new Jobs(() => undefined);
  const told: string[] = [];
  jobs.on('changed', (job) => told.push(`${job.stageName}:${job.state}`));
  let begun = false;
  const job = jobs.start({ kind: 'create', object: nothing, cancelable: true }, async (work) => {
    begun = true;
    work.stage('disks');
    work.stage('disks');
    work.stage('disks', 0.5);
  });
  assert.equal(begun, false);
  assert.equal(job.number, 1);
  assert.deepEqual(await outcomeOf(jobs), { result: 'done', code: '', message: '' });
  assert.deepEqual(told, ['disks:running', 'disks:running', 'disks:done']);
});

test('a failure has its code; an unexpected one is Internal and is logged', async () => {
  const logged: unknown[] = [];
  const jobs = new Jobs((_, error) => logged.push(error));
  jobs.start({ kind: 'start', object: nothing, cancelable: true }, () =>
    Promise.reject(new BangerError('DiskFull', 'the disk is full')),
  );
  assert.deepEqual(await outcomeOf(jobs), {
    result: 'failed',
    code: 'DiskFull',
    message: 'the disk is full; free some space and try again',
  });
  jobs.start({ kind: 'start', object: nothing, cancelable: true }, () =>
    Promise.reject(new TypeError('x is undefined')),
  );
  const { code, message } = await outcomeOf(jobs);
  assert.equal(code, 'Internal');
  assert.match(message, /daemon's log/);
  assert.equal(logged.length, 2);
});

test('a cancelled job ends as cancelled, and one that is not cancelable refuses it', async () => {
  const jobs = new Jobs(() => undefined);
  const job = jobs.start({ kind: 'create', object: nothing, cancelable: true }, async (work) => {
    if (!work.signal.aborted) await once(work.signal, 'abort');
    throw new BangerError('Cancelled', 'cancelled on request');
  });
  job.cancel();
  assert.equal((await outcomeOf(jobs)).result, 'cancelled');
  const stop = jobs.start({ kind: 'stop', object: nothing, cancelable: false }, async () => undefined);
  assert.throws(() => stop.cancel(), { code: 'NotSupported' });
});

test('cancelAll waits until everything is undone', async () => {
  const jobs = new Jobs(() => undefined);
  let undone = 0;
  for (let i = 0; i < 3; i++) {
    jobs.start({ kind: 'create', object: nothing, cancelable: true }, async (work) => {
      if (!work.signal.aborted) await once(work.signal, 'abort');
      await new Promise((resolve) => setTimeout(resolve, 5));
      undone++;
    });
  }
  await jobs.cancelAll();
  assert.equal(undone, 3);
  assert.equal(jobs.running.length, 0);
});
