import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usageAsJson, usageAsRow } from '../../../src/cli/vm/usage.ts';

const MiB = 2 ** 20;
const vm = { id: 'a1', name: 'web', state: 'running', memory: 2 ** 30 };
const host = {
  cpu: 0.125,
  cpu_time: 90_000_000,
  uptime: 7_205_000_000,
  memory_resident: 300 * MiB,
  disk_allocated: 700 * MiB,
};
const guest = {
  memory_used: 100 * MiB,
  memory_total: 1000 * MiB,
  disk_used: 200 * MiB,
  disk_total: 4096 * MiB,
  system_used: 300 * MiB,
  system_total: 8192 * MiB,
  net_received: 5 * MiB,
  net_sent: 2048,
  connections: 1,
};

test('a row has what a VM and its guest use, each with its unit', () => {
  assert.deepEqual(usageAsRow({ ...vm, stats: { ...host, ...guest } }), [
    ...['web', '12.5%', '100M/1000M', '700M/500M/12G', '5M/2K', '2h'],
  ]);
});

test('a row has a dash for each figure that a silent guest has not told', () => {
  assert.deepEqual(usageAsRow({ ...vm, stats: host }), [
    ...['web', '12.5%', '-/1G', '700M/-/-', '-/-', '2h'],
  ]);
});

test('a row of a VM that does not run has its state and what its disks take', () => {
  const off = { ...vm, state: 'stopped', stats: { disk_allocated: 4 * MiB } };
  assert.deepEqual(usageAsRow(off), ['web', 'stopped', '', '4M', '', '']);
});

test('JSON has every figure, with times in seconds', () => {
  const { cpu, memory_resident, disk_allocated } = host;
  assert.deepEqual(usageAsJson({ ...vm, stats: { ...host, ...guest } }), {
    ...{ name: 'web', id: 'a1', state: 'running' },
    ...{ cpu, cpu_seconds: 90, uptime_seconds: 7205, memory_resident, disk_allocated, ...guest },
  });
});

test('JSON has null for what is not known', () => {
  const silent = usageAsJson({ ...vm, stats: host });
  assert.deepEqual(
    [silent.cpu, silent.memory_resident, silent.memory_used, silent.connections],
    [0.125, 300 * MiB, null, null],
  );
  const off = usageAsJson({ ...vm, state: 'stopped', stats: { disk_allocated: 4 * MiB } });
  const { name, id, state, disk_allocated, ...figures } = off;
  assert.deepEqual([name, id, state, disk_allocated], ['web', 'a1', 'stopped', 4 * MiB]);
  assert.deepEqual(new Set(Object.values(figures)), new Set([null]));
});
