import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxReboots, RebootLimit, rebootPeriodMs } from '../../src/vm/reboot-limit.ts';

test('a guest that reboots over and over is left off, and may reboot again when it was started', () => {
  const limit = new RebootLimit();
  for (let count = 0; count < maxReboots; count++) assert.ok(limit.take('loop', count));
  assert.equal(limit.take('loop', rebootPeriodMs - 1), false);
  assert.ok(limit.take('other', 1), 'another guest');
  assert.ok(limit.take('loop', rebootPeriodMs));
});

test('reboots from time to time are no loop', () => {
  const limit = new RebootLimit();
  for (let count = 0; count < 100; count++)
    assert.ok(limit.take('web', (count * rebootPeriodMs) / maxReboots));
});
