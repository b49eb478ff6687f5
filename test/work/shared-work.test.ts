import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedWork } from '../../src/work/shared-work.ts';
import type { Work } from '../../src/work/work.ts';

function workOf(): Work & { stages: string[]; abort: AbortController } {
  const abort = new AbortController();
  const stages: string[] = [];
  return { abort, stages, signal: abort.signal, stage: (name) => stages.push(name) };
}

test('two callers of one key share one making and both hear its stages', async () => {
  const shared = new SharedWork<number>();
  const [first, second] = [workOf(), workOf()];
  const gate = Promise.withResolvers<void>();
  let made = 0;
  const make = async (work: Work) => {
    made++;
    await gate.promise;
    work.stage('half');
    return 7;
  };
  const results = [shared.join('a', first, make), shared.join('a', second, make)];
  gate.resolve();
  assert.deepEqual(await Promise.all(results), [7, 7]);
  assert.equal(made, 1);
  assert.deepEqual([first.stages, second.stages], [['half'], ['half']]);
});

test('a caller that is cancelled leaves the others theirs', async () => {
  const shared = new SharedWork<number>();
  const [first, second] = [workOf(), workOf()];
  const gate = Promise.withResolvers<void>();
  let aborted = false;
  const make = async (work: Work) => {
    work.signal.addEventListener('abort', () => {
      aborted = true;
    });
    await gate.promise;
    return 1;
  };
  const cancelled = shared.join('a', first, make);
  const kept = shared.join('a', second, make);
  first.abort.abort();
  await assert.rejects(cancelled, { code: 'Cancelled' });
  assert.equal(aborted, false);
  gate.resolve();
  assert.equal(await kept, 1);
});

test('the last caller to be cancelled aborts the work and waits for its undoing', async () => {
  const shared = new SharedWork<number>();
  const only = workOf();
  let undone = false;
  const make = (work: Work) =>
    new Promise<number>((_, reject) => {
      work.signal.addEventListener('abort', () =>
        setTimeout(() => {
          undone = true;
          reject(new Error('undone'));
        }, 5),
      );
    });
  const cancelled = shared.join('a', only, make);
  only.abort.abort();
  await assert.rejects(cancelled, { code: 'Cancelled' });
  assert.equal(undone, true);
});

test('a failure reaches every caller, and the next caller starts again', async () => {
  const shared = new SharedWork<number>();
  await assert.rejects(
    shared.join('a', workOf(), () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await shared.join('a', workOf(), async () => 2), 2);
});
