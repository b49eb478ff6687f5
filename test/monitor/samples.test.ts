import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { AgentBudgets } from '../../src/guest/agent-budget.ts';
import { Samples } from '../../src/monitor/samples.ts';
import { measureStats } from '../../src/monitor/stats.ts';
import type { VmContext } from '../../src/vm/context.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeVm, someRun } from '../support/vm.ts';

const told =
  '{"uptime_ms":9,"cpu_busy_ms":3,"cpu_total_ms":18,"memory_total":512,"memory_available":500,"work_size":80,"work_used":7,"system_size":90,"system_used":9,"net_received":5,"net_sent":6,"connections":2}';

/** A VM whose process is this one, and whose guest answers as told. */
function fakeVm(t: TestContext, answer: (stream: Duplex, id: string) => void) {
  const directory = temporaryDirectory(t);
  const files = {
    systemDisk: join(directory, 'system'),
    workDisk: join(directory, 'work'),
    runtime: directory,
  };
  const vm = makeVm({ run: someRun });
  const asked: string[] = [];
  const connectAgent = async () => {
    const [host, guest] = duplexPair();
    guest.on('error', () => undefined);
    host.on('close', () => guest.destroy());
    guest.on('data', (chunk: Buffer) => {
      asked.push(chunk.toString().split('\r\n')[0] ?? '');
      answer(guest, /X-Request-Id: (\S+)/.exec(chunk.toString())?.[1] ?? '');
    });
    return host;
  };
  const host = {
    vms: { get: () => vm, has: () => true },
    supervisor: { mainPid: async () => process.pid },
    vmms: { machine: () => ({ connectAgent }) },
    agents: new AgentBudgets(() => undefined),
  };
  // What sampling uses of a VM's context.
  const context = { id: 'a', files, host } as unknown as VmContext;
  return { vm, files, asked, context, samples: new Samples(() => context) };
}

const answering = (stream: Duplex, id: string) =>
  stream.write(`HTTP/1.1 200 OK\r\nX-Request-Id: ${id}\r\nContent-Length: ${told.length}\r\n\r\n${told}`);

function spin(ms: number): void {
  const until = Date.now() + ms;
  while (Date.now() < until);
}

test('a sample has the figures of the process and of the disks, sparse as they are', async (t) => {
  const { samples, files } = fakeVm(t, answering);
  writeFileSync(files.systemDisk, Buffer.alloc(256 * 1024, 1));
  truncateSync(files.systemDisk, 2 ** 30);
  const first = await samples.lookAt('a');
  assert.equal(first?.cpu, undefined);
  assert.ok(first && first.diskAllocated >= 256 * 1024 && first.diskAllocated < 2 ** 20);
  assert.ok(Math.abs(first.host.residentBytes - process.memoryUsage.rss()) < 2 ** 25);
  assert.ok(Math.abs(first.host.uptimeUs / 1e6 - process.uptime()) < 2);
  const [begun, before] = [performance.now(), process.cpuUsage()];
  spin(400);
  const second = await samples.lookAt('a');
  // On a busy machine it is less than one CPU.
  const { user, system } = process.cpuUsage(before);
  const used = (user + system) / 1000 / (performance.now() - begun);
  assert.ok(second?.cpu !== undefined && Math.abs(second.cpu - used) < 0.2, `${second?.cpu} and not ${used}`);
  assert.equal(samples.latest('a'), second);
  // Too soon to say anything new.
  assert.equal(await samples.lookAt('a'), second);
  samples.forget('a');
  assert.equal(samples.latest('a'), undefined);
});

test('stats have all that is known by the names of the API', async (t) => {
  const { context, samples } = fakeVm(t, answering);
  const { cpu, cpu_time, uptime, memory_resident, ...others } = await measureStats(context, samples);
  for (const value of [cpu, cpu_time, uptime, memory_resident]) assert.equal(typeof value, 'number');
  assert.deepEqual(others, {
    disk_allocated: 0,
    memory_total: 512,
    memory_used: 12,
    disk_total: 80,
    disk_used: 7,
    system_total: 90,
    system_used: 9,
    net_received: 5,
    net_sent: 6,
    connections: 2,
  });
  assert.equal(samples.latestOfGuest('a')?.connections, 2);
});

test('a guest that hangs is waited for two seconds, and only the host’s figures are told', async (t) => {
  const { context, samples } = fakeVm(t, () => undefined);
  const began = performance.now();
  const stats = await measureStats(context, samples);
  const took = performance.now() - began;
  assert.ok(took > 1_500 && took < 6_000, `${took} ms`);
  assert.deepEqual(Object.keys(stats).sort(), [
    'cpu',
    'cpu_time',
    'disk_allocated',
    'memory_resident',
    'uptime',
  ]);
});

test('a guest that stops to answer is not remembered', async (t) => {
  let isSilent = false;
  const { samples } = fakeVm(t, (stream, id) => isSilent || answering(stream, id));
  assert.equal((await samples.ask('a'))?.connections, 2);
  isSilent = true;
  assert.equal(await samples.ask('a'), undefined);
  assert.equal(samples.latestOfGuest('a'), undefined);
});

test('concurrent callers share one request', async (t) => {
  const { samples, asked } = fakeVm(t, answering);
  const [one, other] = await Promise.all([samples.ask('a'), samples.ask('a')]);
  assert.equal(one, other);
  assert.deepEqual(asked, ['GET /stats HTTP/1.1']);
});

test('a stopped VM has only disks, and its guest is not asked', async (t) => {
  const { vm, context, samples, asked } = fakeVm(t, answering);
  vm.run = undefined;
  assert.deepEqual(await measureStats(context, samples), { disk_allocated: 0 });
  assert.deepEqual(asked, []);
});
