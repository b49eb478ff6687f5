import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userLabel } from '../../src/common/user-label.ts';
import { makeNameTable } from '../../src/vm/names.ts';
import { makeVm, someRun } from '../support/vm.ts';

const running = { run: someRun, ssh: { address: '127.66.1.1', port: 2222 } };
const vms = [
  makeVm({ name: 'web', ...running }),
  makeVm({ name: 'bridged', ...running, ssh: { address: '172.30.1.9', port: 22 } }),
  makeVm({ name: 'stopped', ssh: { address: '127.66.1.2', port: 22 } }),
  makeVm({ name: 'ill', ssh: { address: '127.66.1.3', port: 22 }, lastError: 'it died' }),
  makeVm({ name: 'starting', ...running, operation: 'start' }),
  makeVm({ name: 'stopping', ...running, operation: 'stop' }),
  makeVm({ name: 'growing', ...running, operation: 'set' }),
];
const names = makeNameTable({ list: () => vms }, 'Alice');

test('a VM has its names while it runs, and only then', () => {
  assert.deepEqual(names.find(['web']), ['127.66.1.1']);
  assert.deepEqual(names.find(['web', 'alice']), ['127.66.1.1']);
  assert.deepEqual(names.find(['bridged']), ['172.30.1.9']);
  assert.deepEqual(names.find(['growing']), ['127.66.1.1']);
  for (const name of ['stopped', 'ill', 'starting', 'stopping', 'nobody']) {
    assert.equal(names.find([name]), undefined, name);
    assert.equal(names.find([name, 'alice']), undefined, name);
  }
  for (const labels of [
    ['web', 'bob'],
    ['web', 'web'],
    ['x', 'web', 'alice'],
    ['web', ''],
  ]) {
    assert.equal(names.find(labels), undefined, labels.join('.'));
  }
});

test("a user's own name is there for what is below it, unless it is a VM's, too", () => {
  assert.deepEqual(names.find(['alice']), []);
  assert.equal(names.find(['bob']), undefined);
  assert.equal(makeNameTable({ list: () => [makeVm()] }, 'alice').find(['alice']), undefined);
  const named = makeNameTable({ list: () => [makeVm({ name: 'alice', ...running })] }, 'alice');
  assert.deepEqual(named.find(['alice']), ['127.66.1.1']);
});

test('a user whose name is no label has the plain names only', () => {
  for (const [username, label] of [
    ['alice', 'alice'],
    ['Bob-2', 'bob-2'],
    ['_apt', '_apt'],
    ['first.last', undefined],
    ['host$', undefined],
    ['-x', undefined],
    ['é', undefined],
    ['', undefined],
    ['a'.repeat(64), undefined],
  ] as const) {
    assert.equal(userLabel(username), label);
  }
  const dotted = makeNameTable({ list: () => vms }, 'first.last');
  assert.deepEqual(dotted.find(['web']), ['127.66.1.1']);
  assert.equal(dotted.find(['web', 'first.last']), undefined);
});
