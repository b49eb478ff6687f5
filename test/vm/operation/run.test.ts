import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore } from '../../../src/store/database.ts';
import type { Vm } from '../../../src/store/vm.ts';
import { runOperation } from '../../../src/vm/operation/run.ts';
import { getVmState } from '../../../src/vm/operation/state.ts';
import { VmRegistry } from '../../../src/vm/registry.ts';
import type { Work } from '../../../src/work/work.ts';
import { makeVm, someRun } from '../../support/vm.ts';

/** A VM, what is told of its state, and a watch that tells what it is asked for. */
function fresh(t: TestContext, given: Partial<Vm> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'banger-run-'));
  const store = openStore(join(directory, 'banger.db'));
  t.after(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  const vms = new VmRegistry(store, { state: directory, runtime: directory });
  const vm = makeVm(given);
  vms.add(vm);
  const told: string[] = [];
  vms.on('changed', (changed) => told.push(getVmState(changed)));
  const warnings: string[] = [];
  const log = { error() {}, warn: (_: object, text: string) => warnings.push(text), info() {}, debug() {} };
  const context = { host: { vms, log }, id: vm.id, files: vms.getVmFiles(vm.id) };
  let isWatched = false;
  const watch = {
    begin: (_id: string) => {
      isWatched = true;
    },
    end: (_id: string) => {
      const was = isWatched;
      isWatched = false;
      return was;
    },
  };
  const abort = new AbortController();
  const work: Work = { signal: abort.signal, stage: () => undefined };
  return { vms, vm, told, warnings, context, watch, isWatched: () => isWatched, abort, work, store };
}

const fail = () => Promise.reject(new Error('it failed'));

test('an operation is recorded before it begins and cleared when it has ended', async (t) => {
  const { context, watch, work, told, vms, vm } = fresh(t, { run: someRun });
  await runOperation('stop', context, watch, work, async () => {
    assert.equal(vms.get(vm.id).operation, 'stop');
    vms.record(vm.id, { run: undefined });
  });
  assert.equal(vms.get(vm.id).operation, undefined);
  assert.deepEqual(told, ['stopping', 'stopping', 'stopped']);
});

test('an operation that fails is cleared, too', async (t) => {
  const { context, watch, work, vms, vm } = fresh(t);
  for (const kind of ['create', 'start', 'set'] as const) {
    await assert.rejects(runOperation(kind, context, watch, work, fail), /it failed/);
    assert.equal(vms.get(vm.id).operation, undefined, kind);
  }
});

test('a delete that fails stays recorded for the next daemon', async (t) => {
  const { context, watch, work, vms, vm } = fresh(t);
  await assert.rejects(runOperation('delete', context, watch, work, fail), /it failed/);
  assert.equal(getVmState(vms.get(vm.id)), 'deleting');
});

test('what removes its VM leaves nothing to be cleared', async (t) => {
  const { context, watch, work, vms, vm } = fresh(t);
  await runOperation('delete', context, watch, work, async () => vms.remove(vm.id));
  assert.equal(vms.has(vm.id), false);
});

test('kill and workspace leave what is recorded to others', async (t) => {
  const { context, watch, work, vms, vm, told } = fresh(t, { operation: 'stop', run: someRun });
  for (const kind of ['kill', 'workspace'] as const) {
    await runOperation(kind, context, watch, work, async () => undefined);
    await assert.rejects(runOperation(kind, context, watch, work, fail));
  }
  assert.deepEqual([vms.get(vm.id).operation, told], ['stop', []]);
});

test('an operation may go on as another, and no other state is told in between', async (t) => {
  const { context, watch, work, told } = fresh(t, { operation: 'create' });
  await runOperation('create', context, watch, work, async (_, become) => {
    become('start');
  });
  assert.deepEqual(told, ['starting', 'stopped']);
});

test('only the work of operations that can be cancelled hears of a cancel', async (t) => {
  const { context, watch, work, abort } = fresh(t, { run: someRun });
  abort.abort();
  const heard: string[] = [];
  for (const kind of ['stop', 'set', 'delete', 'kill', 'create', 'workspace'] as const) {
    await runOperation(kind, context, watch, work, async ({ signal }) => {
      if (signal.aborted) heard.push(kind);
    });
  }
  assert.deepEqual(heard, ['kill', 'create', 'workspace']);
});

test('a stop of a stopped VM, and a start of a running one, do nothing but clear what a killed daemon left', async (t) => {
  const never = () => assert.fail('it began');
  const stopped = fresh(t, { operation: 'stop' });
  await runOperation('stop', stopped.context, stopped.watch, stopped.work, never);
  assert.deepEqual(stopped.told, ['stopped']);
  const running = fresh(t, { run: someRun });
  await runOperation('start', running.context, running.watch, running.work, never);
  assert.deepEqual(running.told, []);
});

test('a VMM is not watched while it is being stopped, and is again if the stop fails', async (t) => {
  for (const kind of ['stop', 'kill', 'delete'] as const) {
    const { context, watch, work, isWatched } = fresh(t, { run: someRun });
    watch.begin('');
    const act = () => {
      assert.equal(isWatched(), false, kind);
      return fail();
    };
    await assert.rejects(runOperation(kind, context, watch, work, act), /it failed/);
    assert.equal(isWatched(), true, kind);
  }
});

test('a kill does not watch a VM that was not watched: it is starting, or stopping', async (t) => {
  const { context, watch, work, isWatched } = fresh(t, { run: someRun });
  await assert.rejects(runOperation('kill', context, watch, work, fail));
  assert.equal(isWatched(), false);
});

test('on a full disk a delete goes on without a record, and no other operation does', async (t) => {
  const { context, watch, work, vms, vm, warnings } = fresh(t);
  const full = () => {
    throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  };
  t.mock.method(vms, 'record', full);
  await runOperation('delete', context, watch, work, async () => vms.remove(vm.id));
  assert.match(warnings.join(), /is not recorded: database or disk is full/);
  const other = fresh(t);
  t.mock.method(other.vms, 'record', full);
  await assert.rejects(
    runOperation('set', other.context, other.watch, other.work, () => assert.fail('it began')),
    /full/,
  );
});
