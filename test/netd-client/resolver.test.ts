import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSentence } from '../../src/common/errors.ts';
import { NetdResolver } from '../../src/netd-client/resolver.ts';
import { startBus } from '../bus/bus-daemon.ts';
import { until } from '../support/program.ts';
import { FakeNetd } from './fake-netd.ts';

const server = { address: '127.0.0.1', port: 42069 };
const set = 'SetResolver "127.0.0.1" 42069 {}';
const routed = { kind: 'routed', domains: ['vm', 'alice.vm'] };

function logged() {
  const lines: string[] = [];
  const write = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level}: ${message}`);
  return { lines, log: { info: write('info'), warn: write('warn'), error: write('error') } };
}

test('netd is asked once, and again after it or resolved restarts, until the withdrawal', async () => {
  await using bus = await startBus();
  const { log, lines } = logged();
  const resolver = new NetdResolver(bus.address, log);
  const netd = await FakeNetd.on(bus.address);
  assert.deepEqual(resolver.state, { kind: 'idle' });
  await resolver.route(server);
  await resolver.route(server);
  assert.deepEqual(resolver.state, routed);
  assert.deepEqual(netd.asked, [set]);
  netd.end();
  const next = await FakeNetd.on(bus.address);
  await until('the next netd to be asked', () => next.asked.length > 0);
  const resolved = await FakeNetd.on(bus.address, 'org.freedesktop.resolve1');
  await until('netd to be asked for the sake of resolved', () => next.asked.length > 1);
  resolved.end();
  await resolver.withdraw();
  assert.deepEqual(resolver.state, { kind: 'idle' });
  assert.deepEqual(next.asked, [set, set, 'RemoveResolver {}']);
  // Who is not wanted any more is not routed by whatever comes back.
  const asked = next.asked.length;
  const again = await FakeNetd.on(bus.address, 'org.freedesktop.resolve1');
  assert.equal(next.asked.length, asked);
  again.end();
  next.end();
  assert.deepEqual(lines, ['info: the resolver asks for names of VMs']);
  // It can be wanted again.
  const last = await FakeNetd.on(bus.address);
  await resolver.route(server);
  assert.deepEqual(last.asked, [set]);
  await resolver.withdraw();
  last.end();
});

test('without netd or a system bus nothing breaks, and a netd that comes later is asked', async () => {
  await using bus = await startBus();
  const { log, lines } = logged();
  const resolver = new NetdResolver(bus.address, log);
  await resolver.route(server);
  assert.deepEqual(resolver.state, { kind: 'absent' });
  const netd = await FakeNetd.on(bus.address);
  await until('the netd that came later to be asked', () => resolver.state.kind === 'routed');
  await resolver.withdraw();
  netd.end();
  assert.equal(lines.filter((line) => line.startsWith('warn')).length, 0);

  const nowhere = new NetdResolver('unix:path=/nonexistent/socket', log);
  await nowhere.route(server);
  assert.deepEqual(nowhere.state, { kind: 'absent' });
  await nowhere.withdraw();
});

test('a refusal is kept for doctor and logged once; the next start of a VM tries again', async () => {
  await using bus = await startBus();
  const { log, lines } = logged();
  const resolver = new NetdResolver(bus.address, log);
  const netd = await FakeNetd.on(bus.address);
  netd.refusal = 'org.freedesktop.DBus.Error.AccessDenied';
  await resolver.route(server);
  const { problem, remedy } = parseSentence(netd.refusalText);
  assert.deepEqual(resolver.state, { kind: 'failed', code: 'AccessDenied', problem, remedy });
  await resolver.route(server);
  assert.deepEqual(lines, [`warn: names of VMs are not routed: ${netd.refusalText}`]);
  netd.refusal = undefined;
  netd.domains = ['alice.vm'];
  await resolver.route(server);
  assert.deepEqual(resolver.state, { kind: 'routed', domains: ['alice.vm'] });
  await resolver.withdraw();
  netd.end();
});

test('who was refused asks no netd that comes later until the next start of a VM', async () => {
  await using bus = await startBus();
  const { log } = logged();
  const resolver = new NetdResolver(bus.address, log);
  const netd = await FakeNetd.on(bus.address);
  netd.refusal = 'org.freedesktop.DBus.Error.AccessDenied';
  await resolver.route(server);
  netd.end();
  const next = await FakeNetd.on(bus.address);
  next.refusal = netd.refusal;
  const resolved = await FakeNetd.on(bus.address, 'org.freedesktop.resolve1');
  // What it did about them has been asked before this is.
  await resolver.route(server);
  assert.deepEqual(next.asked, [set]);
  await resolver.withdraw();
  resolved.end();
  next.end();
});

test('the end of the bus is survived', async () => {
  const bus = await startBus();
  const { log } = logged();
  const resolver = new NetdResolver(bus.address, log);
  const netd = await FakeNetd.on(bus.address);
  await resolver.route(server);
  await bus[Symbol.asyncDispose]();
  await resolver.withdraw();
  assert.deepEqual(resolver.state, { kind: 'idle' });
  netd.end();
});
