import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkName, pickName } from '../../src/vm/name.ts';
import { checkSize, systemDiskBytes } from '../../src/vm/spec.ts';

test('DNS labels name VMs, nothing else does', () => {
  for (const name of ['a', 'web', 'web-1', '0', 'x'.repeat(63)]) assert.equal(checkName(name), name);
  const bad = [
    '',
    '-a',
    'a-',
    'A',
    'a b',
    'a/b',
    '..',
    'a.b',
    'ü',
    'a\n',
    '$(id)',
    'x'.repeat(64),
    'x'.repeat(300),
  ];
  for (const name of bad) assert.throws(() => checkName(name), { code: 'InvalidName' }, name);
});

test('picked names are free and valid', () => {
  const taken = new Set<string>();
  for (let i = 0; i < 2000; i++) taken.add(checkName(pickName((name) => taken.has(name))));
  assert.equal(taken.size, 2000);
});

test('sizes out of range are refused with the range, others are rounded up to MiB', () => {
  const good = { vcpus: 2, memoryBytes: 512 * 1024 ** 2, diskBytes: 1024 ** 3 };
  assert.deepEqual(checkSize({ ...good, memoryBytes: good.memoryBytes - 5 }), good);
  for (const bad of [
    { vcpus: 0 },
    { vcpus: 1.5 },
    { memoryBytes: -1 },
    { memoryBytes: 1 },
    { diskBytes: 2 ** 60 },
  ]) {
    assert.throws(() => checkSize({ ...good, ...bad }), { code: 'InvalidArgs', message: /from .* to / });
  }
  assert.equal(systemDiskBytes(1), 8 * 1024 ** 3);
  assert.equal(systemDiskBytes(9 * 1024 ** 3), 9 * 1024 ** 3);
});
