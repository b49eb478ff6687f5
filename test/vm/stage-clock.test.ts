import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StageClock } from '../../src/vm/stage-clock.ts';

test('each stage is passed on and measured until the next, the last until the end', async () => {
  const told: [string, number | undefined][] = [];
  const { signal } = new AbortController();
  const before = Date.now() * 1000;
  const clock = new StageClock({ signal, stage: (name, progress) => told.push([name, progress]) });
  clock.stage('files');
  await sleep(60);
  clock.stage('boot', 0.1);
  clock.stage('boot', 0.9);
  await sleep(30);
  const { beganAt, result, stages } = clock.record('failed');
  assert.deepEqual(told, [
    ['files', undefined],
    ['boot', 0.1],
    ['boot', 0.9],
  ]);
  assert.ok(beganAt >= before && beganAt <= Date.now() * 1000);
  assert.equal(result, 'failed');
  assert.deepEqual(
    stages.map(([name]) => name),
    ['files', 'boot'],
  );
  const [files = 0, boot = 0] = stages.map(([, took]) => took);
  // Timers may be early by a millisecond, and late by anything.
  assert.ok(files >= 58_000, String(files));
  assert.ok(boot >= 28_000, String(boot));
  assert.ok(Number.isInteger(files) && Number.isInteger(boot));
  assert.deepEqual(clock.record('done').stages.length, 2);
});

test('a start that was cancelled before its first stage has none', () => {
  const clock = new StageClock({ signal: new AbortController().signal, stage: () => undefined });
  assert.deepEqual(clock.record('cancelled').stages, []);
});
