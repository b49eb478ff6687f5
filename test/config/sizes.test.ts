import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostSize, resolveVmDefaults } from '../../src/config/sizes.ts';

const GiB = 1024 ** 3;

test('a share of the host where it is more than the least, with bounds', () => {
  const cases: [
    cpus: number,
    memoryGiB: number,
    vcpus: number,
    vcpuOrigin: string,
    GiBs: number,
    origin: string,
  ][] = [
    [1, 1, 1, 'built-in', 1, 'built-in'],
    [2, 8, 2, 'built-in', 1, 'built-in'],
    [8, 16, 2, 'built-in', 2, 'host'],
    [12, 24, 3, 'host', 3, 'host'],
    [64, 512, 4, 'host', 8, 'host'],
  ];
  for (const [cpus, memory, vcpus, vcpuOrigin, gib, origin] of cases) {
    assert.deepEqual(resolveVmDefaults({ vmDefaults: {} }, { cpus, memoryBytes: memory * GiB }), {
      vcpus: { value: vcpus, origin: vcpuOrigin },
      memoryBytes: { value: gib * GiB, origin },
      diskBytes: { value: 8 * GiB, origin: 'built-in' },
    });
  }
});

test('the configuration goes before both, below the least too', () => {
  const vmDefaults = { vcpus: 1, memoryBytes: GiB / 2, diskBytes: 3 * GiB };
  assert.deepEqual(resolveVmDefaults({ vmDefaults }, { cpus: 64, memoryBytes: 512 * GiB }), {
    vcpus: { value: 1, origin: 'config' },
    memoryBytes: { value: GiB / 2, origin: 'config' },
    diskBytes: { value: 3 * GiB, origin: 'config' },
  });
});

test('memory is whole MiB', () => {
  const { memoryBytes } = resolveVmDefaults(
    { vmDefaults: {} },
    { cpus: 4, memoryBytes: 25_197_117_440 + 4097 },
  );
  assert.equal(memoryBytes.value % 1024 ** 2, 0);
});

test('this host has at least a CPU and some memory', () => {
  const { cpus, memoryBytes } = hostSize();
  assert.ok(cpus >= 1);
  assert.ok(memoryBytes > 64 * 1024 ** 2 && memoryBytes < 2 ** 50, `${memoryBytes}`);
});
