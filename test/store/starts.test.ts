import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore } from '../../src/store/database.ts';
import { addStart, readStarts, type StartRecord } from '../../src/store/starts.ts';
import { deleteVmRow, insertVmRow } from '../../src/store/vms.ts';
import { makeVm } from '../support/vm.ts';

function storeOf(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'banger-store-'));
  const store = openStore(join(directory, 'banger.db'));
  t.after(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  for (const id of ['a', 'b']) insertVmRow(store, makeVm({ id, name: id }));
  return store;
}

const start = (beganAt: number, given: Partial<StartRecord> = {}): StartRecord => ({
  beganAt,
  result: 'done',
  stages: [
    ['files', 5],
    ['boot', 4_000_000],
  ],
  ...given,
});

test('starts are read back as they were, the newest first', (t) => {
  const store = storeOf(t);
  const starts = [start(1), start(3, { result: 'failed', stages: [] }), start(2, { result: 'cancelled' })];
  for (const each of starts) addStart(store, 'a', each);
  assert.deepEqual(readStarts(store, 'a'), [starts[1], starts[2], starts[0]]);
  assert.deepEqual(readStarts(store, 'b'), []);
});

test('the last 20 of each VM are kept', (t) => {
  const store = storeOf(t);
  addStart(store, 'b', start(1));
  for (let beganAt = 1; beganAt <= 25; beganAt++) addStart(store, 'a', start(beganAt));
  assert.deepEqual(
    readStarts(store, 'a').map(({ beganAt }) => beganAt),
    Array.from({ length: 20 }, (_, index) => 25 - index),
  );
  assert.equal(readStarts(store, 'b').length, 1);
});

test('a VM that is gone has no starts, and gets none', (t) => {
  const store = storeOf(t);
  addStart(store, 'a', start(1));
  deleteVmRow(store, 'a');
  addStart(store, 'a', start(2));
  assert.deepEqual(readStarts(store, 'a'), []);
});
