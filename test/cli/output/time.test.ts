import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, duration, isoTime, timeAndAge } from '../../../src/cli/output/time.ts';

test('a time of the API as RFC 3339', () => {
  assert.equal(isoTime(1_700_000_000_123_000), '2023-11-14T22:13:20.123Z');
  assert.equal(isoTime(0), null);
  assert.equal(timeAndAge(0), '');
});

test('ages in their largest unit', () => {
  const now = 1_700_000_000_000;
  const ago = (seconds: number) => age((now / 1000 - seconds) * 1_000_000, now);
  assert.deepEqual([0, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600].map(ago), [
    '0s',
    '59s',
    '1m',
    '59m',
    '1h',
    '47h',
    '2d',
  ]);
  assert.equal(ago(-10), '0s', 'a clock that went back');
});

test('durations', () => {
  assert.deepEqual([0, 400, 59_940, 60_000, 185_000].map(duration), [
    '0.0s',
    '0.4s',
    '59.9s',
    '1m00s',
    '3m05s',
  ]);
});
