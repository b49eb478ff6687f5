import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Job, Jobs } from '../../../src/job/jobs.ts';
import { VmJobs } from '../../../src/vm/operation/jobs.ts';
import { makeVm } from '../../support/vm.ts';

const vm = makeVm({ id: 'a1', name: 'web' });

function fresh() {
  const jobs = new Jobs(() => undefined);
  const ended = async (job: Job) => {
    if (job.state === 'running') for (;;) if ((await once(jobs, 'ended'))[0] === job) return;
  };
  return { vmJobs: new VmJobs(jobs), ended };
}

test('a VM has one job at a time, and others are refused with what it is', async () => {
  const { vmJobs, ended } = fresh();
  const gate = Promise.withResolvers<void>();
  const first = vmJobs.claim('start', vm, () => gate.promise);
  assert.equal(vmJobs.present('a1'), first);
  assert.throws(() => vmJobs.claim('set', vm, async () => undefined), {
    code: 'Busy',
    message: /^a start of web is under way; .*`banger vm kill web`/,
  });
  const other = vmJobs.claim('start', makeVm({ id: 'b2', name: 'db' }), async () => undefined);
  await ended(other);
  gate.resolve();
  await ended(first);
  assert.equal(vmJobs.present('a1'), undefined);
  await ended(vmJobs.claim('set', vm, async () => undefined));
});

test('what overtakes hears of the end of the others, also of one that fails, and hides none that goes on', async () => {
  const { vmJobs, ended } = fresh();
  const gate = Promise.withResolvers<void>();
  const slow = vmJobs.claim('stop', vm, () => gate.promise);
  const quick = vmJobs.overtake('kill', vm, async () => undefined);
  assert.equal(vmJobs.present('a1'), quick);
  await ended(quick);
  assert.equal(vmJobs.present('a1'), slow);
  assert.throws(() => vmJobs.claim('start', vm, async () => undefined), {
    code: 'Busy',
    message: /a stop of web/,
  });
  const order: string[] = [];
  const patient = vmJobs.overtake('kill', vm, async (_, others) => {
    order.push('begun');
    await others;
    order.push('others ended');
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(order, ['begun']);
  gate.reject(new Error('it failed'));
  await ended(patient);
  assert.deepEqual(order, ['begun', 'others ended']);
  assert.equal(vmJobs.present('a1'), undefined);
});
