import assert from 'node:assert/strict';
import { Resolver as Client } from 'node:dns/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NameService } from '../../src/daemon/names.ts';
import type { DnsAddress, Resolver, ResolverState } from '../../src/network/dns/resolver.ts';
import { openStore } from '../../src/store/database.ts';
import { VmRegistry } from '../../src/vm/registry.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeVm, someRun } from '../support/vm.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => assert.fail('an error was logged') };
const machine = { run: someRun, ssh: { address: '127.66.9.1', port: 2222 } };

/** A service for some VMs, and what its resolver was told. */
async function serving(t: TestContext, ...records: Parameters<typeof makeVm>[0][]) {
  const directory = temporaryDirectory(t);
  const store = openStore(join(directory, 'banger.db'));
  t.after(() => store.close());
  const vms = new VmRegistry(store, { state: directory, runtime: directory });
  for (const record of records) vms.add(makeVm(record));
  const told: string[] = [];
  const find = async (name: string) => {
    const client = new Client({ timeout: 1000, tries: 2 });
    client.setServers([service.address]);
    return await client.resolve4(name).catch(({ code }) => code);
  };
  const resolver: Resolver = {
    state: { kind: 'idle' } as ResolverState,
    route: async ({ address, port }: DnsAddress) => void told.push(`route ${address}:${port}`),
    withdraw: async () => void told.push(`withdraw, and web.vm is ${await find('web.vm')}`),
  };
  const service = await NameService.begin(vms, resolver, log);
  return { vms, told, find, service };
}

test('names come and go with their VMs, and the resolver asks while there may be one', async (t) => {
  const { vms, told, find, service } = await serving(t, { id: 'a1', name: 'web' }, { id: 'a2', name: 'db' });
  service.follow(vms);
  assert.match(service.address, /^127\.0\.0\.1:\d+$/);
  assert.deepEqual([await find('web.vm'), told], ['ENOTFOUND', []]);
  vms.record('a1', { operation: 'start' });
  assert.deepEqual(told, []);
  vms.record('a1', machine);
  const route = `route ${service.address}`;
  assert.deepEqual([await find('web.vm'), told], ['ENOTFOUND', [route]]);
  vms.record('a1', { operation: undefined });
  assert.deepEqual(await find('web.vm'), ['127.66.9.1']);
  assert.deepEqual(await find(`WEB.${userInfo().username}.vm`), ['127.66.9.1']);
  vms.record('a2', { ...machine, ssh: { address: '172.30.1.7', port: 22 } });
  assert.deepEqual([await find('db.vm'), told], [['172.30.1.7'], [route, route]]);
  vms.record('a2', { operation: 'stop' });
  assert.equal(await find('db.vm'), 'ENOTFOUND');
  vms.record('a2', { operation: undefined, run: undefined });
  assert.equal(await find('db.vm'), 'ENOTFOUND');
  // The server answers until nobody asks it any more.
  await service.end();
  assert.deepEqual(told, [route, route, 'withdraw, and web.vm is 127.66.9.1']);
  assert.equal(await find('web.vm'), 'ECONNREFUSED');
});

test('a daemon that finds VMs running has the resolver ask at once', async (t) => {
  const { vms, told, service } = await serving(t, { name: 'web', ...machine });
  service.follow(vms);
  assert.deepEqual(told, [`route ${service.address}`]);
  await service.end();
});

test('doctor finds out whether a lookup of a program gets to this daemon', async (t) => {
  const { told, find, service } = await serving(t);
  const asked: string[] = [];
  const asProgram = async (name: string) => {
    asked.push(name);
    const found = await find(name);
    return Array.isArray(found) ? found[0] : undefined;
  };
  const { isFound, user, address } = await service.examine(asProgram);
  assert.deepEqual([isFound, address], [{ everyones: true, own: true }, service.address]);
  assert.equal(user, userInfo().username);
  assert.deepEqual(told, [`route ${service.address}`], 'as if a VM ran');
  const elsewhere = await service.examine(async () => '127.66.9.1');
  assert.deepEqual(elsewhere.isFound, { everyones: false, own: false });
  // Nobody can know the names before, and they are gone afterwards.
  assert.equal(new Set(asked).size, 2);
  for (const name of asked) assert.equal(await find(name), 'ENOTFOUND');
  await service.end();
});
