import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilCancelled } from '../support/in-process/machines.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

const members = () => fixture.daemon.calls.map(([member]) => member);

test('bench create: figures of each run and their median, and no VM is left', async () => {
  const bootMs = [600, 200, 400];
  fixture.daemon.machines.onBoot = () => sleep(bootMs.shift());
  const { status, stdout, stderr } = await fixture.run(['bench', 'create', '--runs', '3']);
  assert.equal(status, 0, stderr);
  const { image, accelerator, runs, median } = JSON.parse(stdout);
  assert.deepEqual([image, accelerator, runs.length], ['debian-bookworm', 'kvm', 3]);
  for (const run of runs) assert.ok(run.ssh_ready_ms >= run.create_ms);
  const created = runs.map((run: { create_ms: number }) => run.create_ms);
  assert.ok(created[0] >= 600 && created[1] >= 200 && created[2] >= 400, String(created));
  assert.equal(median.create_ms, created.toSorted((a: number, b: number) => a - b)[1]);
  assert.match(stderr, /run 1 of 3: ready after \d+ ms, ssh after \d+ ms\n/);
  const once = ['CreateVM', 'Delete'];
  assert.deepEqual(members(), [...once, ...once, ...once, ...once]);
  assert.deepEqual(fixture.daemon.calls[0], ['CreateVM', '', { ephemeral: true, start: false }]);
  assert.deepEqual(fixture.daemon.calls[2], ['CreateVM', '', { ephemeral: true, start: true }]);
  assert.deepEqual(await fixture.daemon.vmNames(), []);
});

test('bench create: the median of an even count lies between', async () => {
  const { stdout } = await fixture.run(['bench', 'create', '--runs', '2', '--image', 'debian-bookworm']);
  const { runs, median } = JSON.parse(stdout);
  assert.equal(median.create_ms, Math.round((runs[0].create_ms + runs[1].create_ms) / 2));
  assert.deepEqual(fixture.daemon.calls[2], [
    'CreateVM',
    '',
    { ephemeral: true, start: true, image: 'debian-bookworm' },
  ]);
});

test('bench create: Ctrl-C deletes what there is', async () => {
  let child: { kill(signal: 'SIGINT'): boolean } | undefined;
  fixture.daemon.machines.onBoot = async (machine, signal) => {
    child?.kill('SIGINT');
    await untilCancelled(machine, signal);
  };
  const { status, stdout } = await fixture.start(['bench', 'create'], {
    onStart: (started) => {
      child = started;
    },
  });
  assert.deepEqual([status, stdout], [130, '']);
  assert.deepEqual(await fixture.daemon.vmNames(), []);
});

test('bench create reports a run whose ssh fails and deletes its VM', async () => {
  const { status, stdout, stderr } = await fixture.run(['bench', 'create'], { env: { FAKE_SSH: 'refused' } });
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /banger: ssh failed/);
  assert.deepEqual(await fixture.daemon.vmNames(), []);
});
