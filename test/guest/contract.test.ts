/** Every object on the bus is as dbus/*.xml has it, and what it tells has the keys and types documented there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertDescribed, interfaceOf, memberOf, propertyTypesOf } from '../support/contract.ts';
import { runProgram, until } from '../support/program.ts';
import { openTinyHome } from '../support/tiny/home.ts';

const home = await openTinyHome();
const service = 'org.banger.Manager1';
const managerPath = '/org/banger/Manager1';

/** Runs a D-Bus tool, which must succeed, on the bus of the daemon. */
async function tool(program: 'busctl' | 'gdbus', args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runProgram(program, args);
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}`);
  return stdout.toString();
}

async function busctl(...args: string[]): Promise<string> {
  const { bus_address: address } = await home.daemon();
  return await tool('busctl', [`--address=${address}`, '--json=short', ...args]);
}

async function gdbusIntrospect(path: string): Promise<string> {
  const { bus_address: address } = await home.daemon();
  return await tool('gdbus', [
    'introspect',
    '--address',
    address,
    '--dest',
    service,
    '--object-path',
    path,
    '--xml',
  ]);
}

interface Variant {
  type: string;
  data: unknown;
}

type Managed = Record<string, Record<string, Record<string, Variant>>>;

/** What the object manager tells: objects, their interfaces, and the properties of each. */
async function managedObjects(): Promise<Managed> {
  const manager = 'org.freedesktop.DBus.ObjectManager';
  const answer = JSON.parse(await busctl('call', service, '/org/banger', manager, 'GetManagedObjects'));
  return answer.data[0];
}

/** Fails unless busctl and gdbus are both told the contract of every node there is, and gives the nodes' paths. */
async function assertAllDescribed(): Promise<string[]> {
  const paths = (await busctl('tree', '--list', service)).trim().split('\n');
  for (const path of paths) {
    assertDescribed(path, await busctl('introspect', '--xml-interface', service, path));
    assertDescribed(path, await gdbusIntrospect(path));
  }
  return paths;
}

/** The kinds of objects among paths, each once. */
function kindsAmong(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => interfaceOf(path) ?? []))].sort();
}

const allKinds = ['Image1', 'Job1', 'Kernel1', 'Manager1', 'VM1'].map((name) => `org.banger.${name}`);

/** Fails unless keys and types are those documented for a result; those in `absent` need not be there. */
function assertKeys(
  found: Record<string, Variant>,
  method: [iface: string, name: string],
  absent: readonly string[] = [],
) {
  const [result] = memberOf(...method).args.filter(({ direction }) => direction === 'out');
  const documented = result?.entries ?? [];
  const types = Object.fromEntries(documented.map(({ name, type }) => [name, type]));
  for (const [key, { type }] of Object.entries(found)) assert.equal(type, types[key], `${method[1]}: ${key}`);
  const missing = Object.keys(types).filter((key) => !(key in found) && !absent.includes(key));
  assert.deepEqual(missing, [], method[1]);
}

async function dictionary(path: string, iface: string, method: string): Promise<Record<string, Variant>> {
  return JSON.parse(await busctl('call', service, path, iface, method)).data[0];
}

test('while a VM is being made and started, every node is described as the contract has it', async () => {
  const creating = home.start(['vm', 'create', '--name', 'described', '--memory', '512M']);
  await creating.says('stage boot');
  // Looking takes longer than a boot, on a busy machine.
  await home.banger('vm', 'kill', '--signal', 'STOP', 'described');
  const paths = await assertAllDescribed();
  assert.deepEqual(kindsAmong(paths), allKinds);
  // The job that was described has not ended meanwhile.
  const jobs = Object.values(await managedObjects()).map((interfaces) => interfaces['org.banger.Job1']);
  assert.ok(jobs.some((job) => job?.Kind?.data === 'create' && job.State?.data === 'running'));
  await home.banger('vm', 'kill', '--signal', 'CONT', 'described');
  const { status, stderr } = await creating.ended;
  assert.equal(status, 0, stderr);
  await home.show('described');
});

test('the object manager lists every object with its interface and its properties, of the types of the contract', async () => {
  await home.run(['vm', 'set', 'described', '--disk-size', '12G']);
  const managed = await managedObjects();
  assert.deepEqual(kindsAmong(Object.keys(managed)), allKinds);
  const listed = (await busctl('tree', '--list', service)).trim().split('\n');
  assert.deepEqual(Object.keys(managed).sort(), listed.filter((path) => interfaceOf(path)).sort());
  for (const [path, interfaces] of Object.entries(managed)) {
    const name = interfaceOf(path) ?? assert.fail(path);
    assert.deepEqual(Object.keys(interfaces), [name], path);
    const types = Object.entries(interfaces[name] ?? {}).map(([property, { type }]) => [property, type]);
    assert.deepEqual(Object.fromEntries(types), propertyTypesOf(name), path);
    for (const [property, { data }] of Object.entries(interfaces[name] ?? {})) {
      const values = memberOf(name, property).doc?.values;
      if (values)
        // A job that was over before its first step has no stage, as the contract's text says.
        for (const value of [data].flat())
          assert.ok(
            values.includes(String(value)) || (property === 'Stage' && value === ''),
            `${property}: ${value}`,
          );
    }
  }
});

test('results of methods have exactly the documented keys', async () => {
  const { id } = await home.show('described');
  const vm = `/org/banger/vms/${id}`;
  // `linger` is there where VMs are units, the file where the log is one.
  assertKeys(
    await dictionary(managerPath, service, 'DaemonStatus'),
    [service, 'DaemonStatus'],
    ['linger', 'log_file'],
  );
  assertKeys(await dictionary(vm, 'org.banger.VM1', 'SSH'), ['org.banger.VM1', 'SSH']);
  assertKeys(await dictionary(vm, 'org.banger.VM1', 'Logs'), ['org.banger.VM1', 'Logs']);
  // How much of a CPU is in use takes two looks.
  await until(
    'all figures are there',
    async () => 'cpu' in (await dictionary(vm, 'org.banger.VM1', 'Stats')),
  );
  assertKeys(await dictionary(vm, 'org.banger.VM1', 'Stats'), ['org.banger.VM1', 'Stats']);
  await home.banger('vm', 'stop', 'described');
  assert.deepEqual(Object.keys(await dictionary(vm, 'org.banger.VM1', 'Stats')), ['disk_allocated']);
});

test('nothing is left', async () => {
  await home.close();
});
