import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Bus } from '../../src/bus/connection.ts';
import { proxy } from '../../src/bus/proxy.ts';
import { type Implementation, ObjectTree } from '../../src/bus/server.ts';
import { BangerError } from '../../src/common/errors.ts';
import { startBus, type TestBus } from './bus-daemon.ts';
import { fakeManager, fakeVM } from './fixture.ts';

let testBus: TestBus;
let server: Bus;
let client: Bus;
let tree: ObjectTree;

before(async () => {
  testBus = await startBus();
  server = await Bus.connect(testBus.address, 5_000);
  client = await Bus.connect(testBus.address, 5_000);
  tree = new ObjectTree(server, () => undefined);
  tree.add('/org/banger/Manager1', 'org.banger.Manager1', fakeManager(2));
  tree.add('/org/banger/vms/v1', 'org.banger.VM1', fakeVM('v1'));
  await server.requestName('org.banger.Manager1');
});

after(async () => {
  client.close();
  server.close();
  await testBus[Symbol.asyncDispose]();
});

test('methods return nothing, a value or a tuple, as plain values', async () => {
  const manager = proxy(client, '/org/banger/Manager1', 'org.banger.Manager1');
  assert.equal(await manager.call('Quit'), undefined);
  assert.equal(await manager.call('GetVM', 'v1'), '/org/banger/vms/v1');
  const [vm, job] = await manager.call('CreateVM', 'x', { image: 'i', memory: 2 ** 30, start: false });
  assert.deepEqual([vm, job], ['/org/banger/vms/new', '/org/banger/jobs/1']);
  assert.deepEqual((await manager.call('ListVMs'))[1]?.slice(5, 8), [2, 2 ** 30, 2 ** 33]);
  assert.deepEqual(await manager.call('DaemonStatus'), {
    pid: process.pid,
    version: 'test',
    features: ['a', 'b'],
    nested: { deep: true },
  });
});

test('properties are read and written', async () => {
  const manager = proxy(client, '/org/banger/Manager1', 'org.banger.Manager1');
  await manager.set('LogLevel', 'trace');
  assert.equal(await manager.get('LogLevel'), 'trace');
  const vm = await proxy(client, '/org/banger/vms/v1', 'org.banger.VM1').getAll();
  assert.deepEqual([vm.Name, vm.VCPUs, vm.Memory, vm.StartedAt], ['name-v1', 2, 2 ** 30, 0]);
});

test('signals and changes arrive until unsubscribed', async () => {
  const manager = proxy(client, '/org/banger/Manager1', 'org.banger.Manager1');
  const vm = proxy(client, '/org/banger/vms/v1', 'org.banger.VM1');
  const seen: unknown[] = [];
  const undo = await manager.on('JobRemoved', (...args) => seen.push(args));
  const undoChanged = await vm.onChanged((changed) => seen.push(changed));
  tree.emit(
    '/org/banger/Manager1',
    'org.banger.Manager1',
    'JobRemoved',
    '/org/banger/jobs/1',
    'failed',
    'E',
    'why',
  );
  tree.emit('/org/banger/Manager1', 'org.banger.Manager1', 'JobNew', '/org/banger/jobs/2');
  tree.changed('/org/banger/vms/v1', 'org.banger.VM1', ['State', 'VCPUs']);
  await server.roundTrip();
  await client.roundTrip();
  await undo();
  await undoChanged();
  tree.emit(
    '/org/banger/Manager1',
    'org.banger.Manager1',
    'JobRemoved',
    '/org/banger/jobs/3',
    'done',
    '',
    '',
  );
  await server.roundTrip();
  await client.roundTrip();
  assert.deepEqual(seen, [['/org/banger/jobs/1', 'failed', 'E', 'why'], { State: 'running', VCPUs: 2 }]);
});

test('a stranger that speaks the same signals is not heard', async () => {
  const stranger = await Bus.connect(testBus.address, 5_000);
  const seen: unknown[] = [];
  const undoAll = await client.onSignal({ interface: 'org.banger.Manager1' }, ({ body }) => seen.push(body));
  const undo = await proxy(client, '/org/banger/Manager1', 'org.banger.Manager1').on('JobNew', (job) =>
    seen.push(job),
  );
  new ObjectTree(stranger, () => undefined).emit(
    '/org/banger/Manager1',
    'org.banger.Manager1',
    'JobNew',
    '/org/banger/jobs/666',
  );
  await stranger.roundTrip();
  await client.roundTrip();
  stranger.close();
  await undo();
  await undoAll();
  assert.deepEqual(seen, [['/org/banger/jobs/666']]);
});

test('errors keep their code, their sentence and their name on the bus', async () => {
  const manager = proxy(client, '/org/banger/Manager1', 'org.banger.Manager1');
  await assert.rejects(manager.call('CreateVM', 'taken', {}), (error) => {
    assert.ok(error instanceof BangerError && 'dbusName' in error);
    assert.deepEqual(
      [error.code, error.message, error.dbusName],
      ['AlreadyExists', 'there is a VM named taken; choose another name', 'org.banger.Error.AlreadyExists'],
    );
    return true;
  });
});

test('a call that is not answered in time fails and its late answer does no harm', async () => {
  const hasty = proxy(client, '/org/banger/Manager1', 'org.banger.Manager1', { timeoutMs: 100 });
  await assert.rejects(hasty.call('GetVM', 'slow'), { code: 'Timeout' });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assert.equal(await hasty.call('GetVM', 'v1'), '/org/banger/vms/v1');
});

test('values that do not fit fail before they are sent', async () => {
  const manager = proxy(client, '/org/banger/Manager1', 'org.banger.Manager1');
  await assert.rejects(manager.call('GetVM', 'a\0b'), { code: 'InvalidArgs' });
  await assert.rejects(manager.call('GetVM', 5 as unknown as string), { code: 'InvalidArgs' });
  await assert.rejects(proxy(client, '/not//a path', 'org.banger.VM1').get('Name'), { code: 'InvalidArgs' });
  assert.equal(await manager.get('Version'), '1.2.3');
});

/** Never called: each line that must not compile is one that tsc must refuse. */
export function mistakes(bus: Bus): void {
  const manager = proxy(bus, '/org/banger/Manager1', 'org.banger.Manager1');
  // @ts-expect-error: no such interface
  proxy(bus, '/', 'org.banger.Manager2');
  // @ts-expect-error: no such method
  manager.call('GetVm', 'v1');
  // @ts-expect-error: missing argument
  manager.call('GetVM');
  // @ts-expect-error: argument of the wrong type
  manager.call('GetVM', 5);
  // @ts-expect-error: one argument too many
  manager.call('ListVMs', 'x');
  // @ts-expect-error: no such property
  manager.get('Name');
  // @ts-expect-error: not writable
  manager.set('Version', '2');
  // @ts-expect-error: no such signal
  manager.on('VMNew', () => undefined);
  // @ts-expect-error: the handler's argument is a string
  manager.on('JobNew', (job: number) => job);
  // @ts-expect-error: an interface without signals
  proxy(bus, '/', 'org.banger.VM1').on('JobNew', () => undefined);
  // @ts-expect-error: a property is missing
  const job: Implementation<'org.banger.Job1'> = { methods: { Cancel: () => undefined }, properties: {} };
  void job;
}
