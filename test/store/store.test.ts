import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { openStore } from '../../src/store/database.ts';
import { migrations } from '../../src/store/migrations.ts';
import { deleteVm, insertVm, readVms, updateVm } from '../../src/store/vms.ts';
import { vmRecord } from '../support/vm-record.ts';

function databaseIn(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'banger-store-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, 'banger.db');
}

const vm = vmRecord({ operation: 'create' });

test('a VM is read back as it was written, changed and forgotten, also after opening anew', (t) => {
  const path = databaseIn(t);
  const store = openStore(path);
  insertVm(store, vm);
  updateVm(store, vm.id, { operation: null, startedAt: 5 });
  updateVm(store, 'nobody', { startedAt: 6 });
  store.close();
  const again = openStore(path);
  assert.deepEqual(readVms(again), [{ ...vm, operation: null, startedAt: 5 }]);
  deleteVm(again, vm.id);
  assert.deepEqual(readVms(again), []);
  again.close();
});

test('nobody else may read the database', (t) => {
  const path = databaseIn(t);
  const store = openStore(path);
  insertVm(store, vm);
  for (const suffix of ['', '-wal', '-shm'])
    assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix);
  store.close();
});

test('a name that is taken is refused', (t) => {
  const store = openStore(databaseIn(t));
  insertVm(store, vm);
  assert.throws(() => insertVm(store, { ...vm, id: 'b123456789' }), {
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
    [old?.wantedNetwork, old?.network, old?.nat, old?.reasons, old?.address],
    ['auto', 'user', 1, '{}', '127.66.0.1'],
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

test('a damaged database and a directory that is not there are told with a remedy', (t) => {
  const path = databaseIn(t);
  writeFileSync(path, 'this is no database, whatever its name says. '.repeat(100));
  assert.throws(() => openStore(path), { code: 'HostNotReady', message: /damaged/ });
  assert.throws(() => openStore(join(path, 'x', 'y.db')), {
    code: 'HostNotReady',
    message: /y\.db: there is /,
  });
});
