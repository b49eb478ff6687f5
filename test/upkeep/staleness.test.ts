import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Usage } from '../../src/guest/usage.ts';
import { type Disuse, graceMs, judge, type Observation } from '../../src/upkeep/staleness.ts';
import { usageAt } from './usage.ts';

const minute = 60_000;
const after = 30 * minute;
const idle = (atMs: number, busyMs = 0): Observation => ({
  atMs,
  guest: usageAt(atMs, busyMs),
  isWorkedOn: false,
});

/** What is known after observations, one each minute, the first at minute 0. */
function watch(count: number, observe: (index: number) => Observation): (Disuse | undefined)[] {
  let known: Disuse | undefined;
  return Array.from({ length: count }, (_, index) => {
    known = judge(known, observe(index), after);
    return known;
  });
}

test('an unused VM is stale after the time and stopped after the grace', () => {
  const known = watch(33, (index) => idle(index * minute));
  assert.deepEqual(known[0], { sinceMs: 0, window: { atMs: 0, busyMs: 0, totalMs: 0 } });
  assert.equal(known[29]?.stopAtMs, undefined);
  assert.equal(known[30]?.stopAtMs, 31 * minute);
  assert.equal(known[32]?.stopAtMs, 31 * minute, 'the time to stop does not move');
  assert.equal(known[32]?.sinceMs, 0);
});

test('the grace is a tenth of the time, a minute at most', () => {
  assert.deepEqual([graceMs(10_000), graceMs(after), graceMs(24 * 60 * minute)], [1_000, minute, minute]);
});

const doubts: readonly (readonly [string, Partial<Observation> | { guest: Usage }])[] = [
  ['a guest that does not answer', { guest: undefined }],
  ['a guest that does not tell of its processors', { guest: { uptimeMs: 1, connections: 0 } }],
  ['a connection', { guest: usageAt(15 * minute, 0, 1) }],
  ['a job', { isWorkedOn: true }],
  ['2 % of a processor', { guest: usageAt(15 * minute, 0.02 * minute) }],
  ['processors that ran backwards', { guest: usageAt(15 * minute, -1) }],
  ['a time that ran backwards', { guest: usageAt(minute, 0) }],
];
for (const [what, change] of doubts) {
  test(`${what} is use, and the time begins anew`, () => {
    const known = watch(47, (index) =>
      index === 15
        ? { ...idle(index * minute), ...change }
        : idle(index * minute, index > 15 ? 0.02 * minute : 0),
    );
    assert.equal(known[15], undefined);
    assert.equal(known[16]?.sinceMs, 16 * minute);
    assert.deepEqual([known[45]?.stopAtMs, known[46]?.stopAtMs], [undefined, 47 * minute]);
  });
}

test('use while a VM is announced calls it off', () => {
  const known = watch(33, (index) => ({ ...idle(index * minute), isWorkedOn: index === 31 }));
  assert.notEqual(known[30]?.stopAtMs, undefined);
  assert.equal(known[31], undefined);
  assert.equal(known[32]?.stopAtMs, undefined);
});

test('a longer time in the configuration calls it off, too, and keeps what was seen', () => {
  const announced = watch(31, (index) => idle(index * minute))[30];
  const known = judge(announced, idle(31 * minute), 2 * after);
  assert.deepEqual([known?.sinceMs, known?.stopAtMs], [0, undefined]);
});

test('a guest’s own housekeeping, up to 2 % over a minute, is no use, however it is spread', () => {
  // All of a second's tick is spent at once, once a minute, and seen by looks a second apart.
  let known: Disuse | undefined;
  for (let second = 0; second < 31 * 60; second++) {
    known = judge(known, idle(second * 1000, Math.floor(second / 60) * 1_100), after);
    assert.notEqual(known, undefined, `second ${second}`);
  }
  assert.notEqual(known?.stopAtMs, undefined);
});

test('a burst that fills 2 % of a minute is use as soon as it is seen', () => {
  const first = judge(undefined, idle(0), after);
  assert.equal(judge(first, idle(2_000, 1_300), after), undefined);
  assert.notEqual(judge(first, idle(2_000, 1_100), after), undefined);
});

test('the processors of a guest are looked at together', () => {
  const of4 = (atMs: number, busyMs: number): Observation => ({
    ...idle(atMs),
    guest: { uptimeMs: atMs, cpu: { busyMs, totalMs: 4 * atMs }, connections: 0 },
  });
  const first = judge(undefined, of4(0, 0), after);
  assert.notEqual(judge(first, of4(minute, 0.07 * minute), after), undefined);
  assert.equal(judge(first, of4(minute, 0.08 * minute), after), undefined);
});
