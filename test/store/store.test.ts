import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { openStore } from '../../src/store/database.ts';
import { migrations } from '../../src/store/migrations.ts';
import type { Vm } from '../../src/store/vm.ts';
import { deleteVmRow, insertVmRow, readVms, updateVmRow } from '../../src/store/vms.ts';
import { makeVm } from '../support/vm.ts';

function databaseIn(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'banger-store-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, 'banger.db');
}

const vm = makeVm({ operation: 'create' });

test('a VM is written, read, changed and removed, also after reopening the database', (t) => {
  const path = databaseIn(t);
  const store = openStore(path);
  insertVmRow(store, vm);
  updateVmRow(store, vm.id, { operation: undefined, run: { startedAt: 5 } });
  updateVmRow(store, 'nobody', { run: { startedAt: 6 } });
  store.close();
  const again = openStore(path);
  assert.deepEqual(readVms(again), [{ ...vm, operation: undefined, run: { startedAt: 5 } }]);
  deleteVmRow(again, vm.id);
  assert.deepEqual(readVms(again), []);
  again.close();
});

/** A program as rows have it. */
const program = { kind: 'process', pid: 7, startTime: 8, bootId: 'b', mark: 'banger-vm-a1:c' } as const;

/** A row as every version with this schema writes it, and the VM that it is. */
const rows: [what: string, row: Record<string, string | number | null>, vm: Partial<Vm>][] = [
  ['new', { operation: 'create', vmm: '' }, { operation: 'create', vmm: undefined }],
  [
    'stopped',
    { image_id: null, address: '127.66.0.1', ssh_port: 2222, nat: 0 },
    { ssh: { address: '127.66.0.1', port: 2222 }, nat: false },
  ],
  [
    'starting',
    { operation: 'start', network: 'bridge', accelerator: 'tcg' },
    { operation: 'start', run: { network: 'bridge', accelerator: 'tcg' } },
  ],
  [
    'running',
    {
      supervised: JSON.stringify(program),
      ...{ network: 'user', accelerator: 'kvm', started_at: 5, owner: 'bus/:1.5' },
      ...{ reasons: '{"vmm":"why"}', warnings: '["one","two"]' },
    },
    {
      run: { network: 'user', accelerator: 'kvm', program, startedAt: 5 },
      ...{ owner: 'bus/:1.5', reasons: { vmm: 'why' }, warnings: ['one', 'two'] },
    },
  ],
  ['failed', { last_error: 'it died' }, { lastError: 'it died' }],
];

/** The columns of a VM that has nothing special. */
const plainRow = {
  ...{ id: vm.id, name: vm.name, image: vm.image, image_id: null, kernel_id: null, vcpus: vm.vcpus },
  ...{ memory_bytes: vm.memoryBytes, disk_bytes: vm.diskBytes, vmm: 'qemu', created_at: 1, owner: null },
  ...{ operation: null, supervised: null, started_at: 0, address: '', ssh_port: 0, wanted_network: 'auto' },
  ...{ network: '', nat: 1, reasons: '{}', accelerator: '', last_error: '', warnings: '[]' },
};

for (const [what, given, told] of rows) {
  test(`a row of a ${what} VM is read as the VM, and the VM is written as that row`, (t) => {
    const path = databaseIn(t);
    const row = { ...plainRow, ...given };
    const store = openStore(path);
    const names = Object.keys(row);
    store.prepare(`INSERT INTO vms (${names}) VALUES (${names.map((name) => `@${name}`)})`).run(row);
    const expected = makeVm(told);
    assert.deepEqual(readVms(store), [expected]);
    deleteVmRow(store, expected.id);
    insertVmRow(store, expected);
    assert.deepEqual({ ...Object(store.prepare('SELECT * FROM vms').get()) }, row);
    store.close();
  });
}

test('the end of a run clears its columns and no other', (t) => {
  const store = openStore(databaseIn(t));
  insertVmRow(store, makeVm({ run: { network: 'user', program, startedAt: 5 }, lastError: 'before' }));
  updateVmRow(store, vm.id, { run: { accelerator: 'kvm' } });
  assert.deepEqual(readVms(store)[0]?.run, {
    ...{ network: 'user', accelerator: 'kvm', program, startedAt: 5 },
  });
  updateVmRow(store, vm.id, { run: undefined });
  assert.deepEqual(readVms(store), [makeVm({ lastError: 'before' })]);
  store.close();
});

test('other users cannot read the database', (t) => {
  const path = databaseIn(t);
  const store = openStore(path);
  insertVmRow(store, vm);
  for (const suffix of ['', '-wal', '-shm'])
    assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix);
  store.close();
});

test('a name that is taken is refused', (t) => {
  const store = openStore(databaseIn(t));
  insertVmRow(store, vm);
  assert.throws(() => insertVmRow(store, { ...vm, id: 'b123456789' }), {
    code: 'AlreadyExists',
    message: /web/,
  });
  store.close();
});

test('VMs of an older banger reach the outside, by whichever network there is', (t) => {
  const path = databaseIn(t);
  const raw = new Database(path);
  for (const sql of migrations.slice(0, 2)) raw.exec(sql);
  raw.pragma('user_version = 2');
  raw.exec(
    `INSERT INTO vms (id, name, image, vcpus, memory_bytes, disk_bytes, vmm, created_at, network, address)
     VALUES ('old', 'web', 'debian-bookworm', 2, 1, 1, 'qemu', 1, 'user', '127.66.0.1')`,
  );
  raw.close();
  const store = openStore(path);
  const [old] = readVms(store);
  assert.deepEqual(
    [old?.wantedNetwork, old?.run, old?.nat, old?.reasons, old?.ssh],
    ['auto', { network: 'user' }, true, {}, { address: '127.66.0.1', port: 0 }],
  );
  store.close();
});

test('a database of a newer banger is refused and left as it is', (t) => {
  const path = databaseIn(t);
  openStore(path).close();
  const raw = new Database(path);
  raw.pragma(`user_version = ${migrations.length + 1}`);
  raw.close();
  assert.throws(() => openStore(path), { code: 'DatabaseTooNew' });
});

test('a damaged database and a missing directory are reported with a remedy', (t) => {
  const path = databaseIn(t);
  writeFileSync(path, 'this is no database, whatever its name says. '.repeat(100));
  assert.throws(() => openStore(path), { code: 'HostNotReady', message: /damaged/ });
  assert.throws(() => openStore(join(path, 'x', 'y.db')), {
    code: 'HostNotReady',
    message: /y\.db: there is /,
  });
});
