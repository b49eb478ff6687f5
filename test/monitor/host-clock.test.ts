import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostClock } from '../../src/monitor/host-clock.ts';

/** A host whose clocks the test moves, and the jumps that were told. */
function hostOf(t: import('node:test').TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const now = { realtime: 1_800_000_000_000, monotonic: 10_000 };
  const jumps: number[] = [];
  const clock = new HostClock((ms) => jumps.push(ms), {
    realtimeMs: () => now.realtime,
    monotonicMs: () => now.monotonic,
  });
  clock.begin();
  /** Time goes by, and we look; the host's clock gains more than that by `jump`. */
  const pass = (ms: number, jump = 0) => {
    now.monotonic += ms;
    now.realtime += ms + jump;
    t.mock.timers.tick(5_000);
  };
  return { clock, now, jumps, pass };
}

test('time that goes by is no jump, nor is what a time daemon corrects', (t) => {
  const { jumps, pass } = hostOf(t);
  for (const _ of Array(20)) pass(5_000, 10);
  // A host so busy that we look a minute late.
  pass(60_000);
  assert.deepEqual(jumps, []);
});

test('a suspend and a clock that is set are jumps, each reported once', (t) => {
  const { jumps, pass } = hostOf(t);
  pass(5_000, 3 * 3_600_000);
  pass(5_000);
  pass(5_000, -3_600_000);
  pass(5_000);
  pass(5_000, 600);
  assert.deepEqual(jumps, [10_800_000, -3_600_000, 600]);
});

test('a clock that drifts is reported once the drift is as large as a jump', (t) => {
  const { jumps, pass } = hostOf(t);
  for (const _ of Array(7)) pass(5_000, 100);
  assert.deepEqual(jumps, [500]);
});

test('readings with a wait in between are read again', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const jumps: number[] = [];
  let [time, readings, late] = [0, 0, false];
  const clock = new HostClock((ms) => jumps.push(ms), {
    // We are kept waiting for a minute just before the clock is read, once.
    realtimeMs: () => {
      if (late) time += 60_000;
      late = false;
      readings++;
      return time;
    },
    monotonicMs: () => time,
  });
  clock.begin();
  late = true;
  t.mock.timers.tick(5_000);
  assert.deepEqual([jumps, readings], [[], 3]);
});

test('after the end nobody looks', (t) => {
  const { clock, jumps, pass } = hostOf(t);
  clock.end();
  pass(5_000, 3_600_000);
  assert.deepEqual(jumps, []);
});
