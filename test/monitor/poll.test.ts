import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Poll } from '../../src/monitor/poll.ts';
import { until } from '../support/program.ts';

/** A poll of so many rounds, with a timer that keeps the test alive while it waits. */
function counted(given: Partial<ConstructorParameters<typeof Poll>[0]> & { rounds: number }) {
  const seen = { rounds: 0, errors: [] as unknown[], intervals: 0 };
  const poll = new Poll({
    isNeeded: () => seen.rounds < given.rounds,
    onError: (error) => seen.errors.push(error),
    ...given,
    intervalMs: async () => {
      seen.intervals++;
      return (await given.intervalMs?.()) ?? 1;
    },
    round: async () => {
      seen.rounds++;
      await given.round?.();
    },
  });
  return { seen, poll };
}

test('rounds go on while they are needed, never two at once, and begin again when woken', async () => {
  let present = 0;
  const { seen, poll } = counted({
    rounds: 3,
    round: async () => {
      assert.equal(++present, 1);
      await sleep(5);
      present--;
    },
  });
  poll.wake();
  poll.wake();
  await until('three rounds', () => seen.rounds === 3);
  await sleep(50);
  assert.deepEqual([seen.rounds, seen.intervals, seen.errors], [3, 3, []]);
  seen.rounds = 1;
  poll.wake();
  await until('two more', () => seen.rounds === 3);
});

test('what is not needed costs nothing', async () => {
  const { seen, poll } = counted({ rounds: 0 });
  poll.wake();
  await sleep(20);
  assert.deepEqual(seen, { rounds: 0, errors: [], intervals: 0 });
});

test('an error is reported and the next round runs', async () => {
  const { seen, poll } = counted({
    rounds: 3,
    round: async () => {
      throw new Error('no');
    },
  });
  poll.wake();
  await until('three rounds', () => seen.errors.length === 3);
  assert.match(String(seen.errors[0]), /no/);
});

test('no round begins after the end', async () => {
  const { seen, poll } = counted({ rounds: 3, intervalMs: async () => 20 });
  poll.wake();
  poll.end();
  poll.wake();
  await sleep(60);
  assert.equal(seen.rounds, 0);
});

test('a poll keeps no process alive', () => {
  const program = `const { Poll } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/monitor/poll.ts'))});
    new Poll({ isNeeded: () => true, intervalMs: async () => 60_000, round: async () => {}, onError: () => {} }).wake();`;
  const { status, error } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
  });
  assert.equal(error, undefined);
  assert.equal(status, 0);
});
