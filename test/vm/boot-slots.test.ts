import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BootSlots } from '../../src/vm/boot-slots.ts';
import type { Work } from '../../src/work/work.ts';

function workOf(signal = new AbortController().signal): Work & { stages: string[] } {
  const stages: string[] = [];
  return { signal, stages, stage: (name) => stages.push(name) };
}

/** A turn that is waited for, and whether it has come. */
function take(slots: BootSlots, work: Work) {
  const waited = { turn: slots.take(work), come: false };
  waited.turn.then(
    () => {
      waited.come = true;
    },
    () => undefined,
  );
  return waited;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('no more than so many have their turn, the longest wait is the next to end', async () => {
  const slots = new BootSlots(2);
  const works = Array.from({ length: 4 }, () => workOf());
  const turns = works.map((work) => take(slots, work));
  await settle();
  assert.deepEqual(
    turns.map(({ come }) => come),
    [true, true, false, false],
  );
  assert.deepEqual(
    works.map(({ stages }) => stages),
    [[], [], ['queue'], ['queue']],
  );
  (await turns[1]?.turn)?.[Symbol.dispose]();
  await settle();
  assert.deepEqual(
    turns.map(({ come }) => come),
    [true, true, true, false],
  );
});

test('who gives up leaves the turn to the others, and all turns come back', async () => {
  const slots = new BootSlots(1);
  const first = await slots.take(workOf());
  const abort = new AbortController();
  const cancelled = slots.take(workOf(abort.signal));
  const next = take(slots, workOf());
  abort.abort();
  await assert.rejects(cancelled, { code: 'Cancelled' });
  await assert.rejects(slots.take(workOf(abort.signal)), { code: 'Cancelled' });
  await settle();
  assert.equal(next.come, false);
  first[Symbol.dispose]();
  (await next.turn)[Symbol.dispose]();
  const last = workOf();
  (await slots.take(last))[Symbol.dispose]();
  assert.deepEqual(last.stages, []);
});
