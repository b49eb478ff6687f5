import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bus } from '../../src/bus/connection.ts';
import { contract } from '../../src/bus/contract.ts';
import { proxy } from '../../src/bus/proxy.ts';
import { ObjectTree } from '../../src/bus/server.ts';
import { execute, run } from '../../src/common/exec.ts';
import { startBus, type TestBus } from './bus-daemon.ts';
import { fakeManager, fakeVM } from './fixture.ts';

const manager = fakeManager(3);
const failures: [string, unknown][] = [];
let testBus: TestBus;
let server: Bus;
let client: Bus;
let tree: ObjectTree;
let activity = 0;

before(async () => {
  testBus = await startBus();
  server = await Bus.connect(testBus.address, 5_000);
  client = await Bus.connect(testBus.address, 5_000);
  tree = new ObjectTree(server, (...failure) => failures.push(failure));
  tree.onActivity(() => {
    activity++;
  });
  tree.add('/org/banger/Manager1', 'org.banger.Manager1', manager);
  tree.add('/org/banger/vms/v1', 'org.banger.VM1', fakeVM('v1'));
  tree.add('/org/banger/vms/v2', 'org.banger.VM1', fakeVM('v2'));
  assert.equal(await server.requestName('org.banger.Manager1'), true);
});

after(async () => {
  client.close();
  server.close();
  await testBus[Symbol.asyncDispose]();
});

const busctl = (...args: string[]) =>
  run({ file: 'busctl', args: [`--address=${testBus.address}`, ...args], timeoutMs: 10_000 });

/** Calls something that must fail and gives the error that went over the bus. */
async function failureOf(path: string, iface: string, member: string, signature = '', body: unknown[] = []) {
  const call = client.call({
    destination: 'org.banger.Manager1',
    path,
    interface: iface,
    member,
    signature,
    body,
  });
  return call.then(
    () => assert.fail(`${member} succeeded`),
    (error: Error & { dbusName?: string }) => ({ name: error.dbusName, message: error.message }),
  );
}

describe('with busctl', () => {
  test('tree lists every node', async () => {
    const lines = (await busctl('tree', '--list', 'org.banger.Manager1')).trim().split('\n');
    assert.deepEqual(lines, [
      '/',
      '/org',
      '/org/banger',
      '/org/banger/Manager1',
      '/org/banger/vms',
      '/org/banger/vms/v1',
      '/org/banger/vms/v2',
    ]);
  });

  test('introspect shows interfaces, members and values', async () => {
    const text = await busctl('introspect', 'org.banger.Manager1', '/org/banger/Manager1');
    assert.match(text, /^\.CreateVM +method +sa\{sv\} +oo/m);
    assert.match(text, /^\.Version +property +s +"1\.2\.3" +const/m);
    assert.match(text, /^\.LogLevel +property +s +"info" +emits-change writable/m);
    assert.match(text, /^\.JobRemoved +signal +osss/m);
    assert.match(text, /^\.PropertiesChanged +signal +sa\{sv\}as/m);
    assert.match(await busctl('introspect', 'org.banger.Manager1', '/org/banger'), /^\.GetManagedObjects/m);
  });

  test('call and get-property', async () => {
    assert.equal(
      (
        await busctl(
          'call',
          'org.banger.Manager1',
          '/org/banger/Manager1',
          'org.banger.Manager1',
          'GetVM',
          's',
          'v1',
        )
      ).trim(),
      'o "/org/banger/vms/v1"',
    );
    assert.equal(
      (
        await busctl(
          'get-property',
          'org.banger.Manager1',
          '/org/banger/vms/v1',
          'org.banger.VM1',
          'Memory',
          'VCPUs',
        )
      ).trim(),
      't 1073741824\nu 2',
    );
  });

  test('set-property changes what is writable and nothing else', async () => {
    const set = (path: string, iface: string, ...args: string[]) =>
      execute({
        file: 'busctl',
        args: [`--address=${testBus.address}`, 'set-property', 'org.banger.Manager1', path, iface, ...args],
        timeoutMs: 10_000,
      });
    assert.equal(
      (await set('/org/banger/Manager1', 'org.banger.Manager1', 'LogLevel', 's', 'debug')).status,
      0,
    );
    assert.equal(manager.logLevels.at(-1), 'debug');
    const readOnly = await set('/org/banger/vms/v1', 'org.banger.VM1', 'State', 's', 'stopped');
    assert.notEqual(readOnly.status, 0);
    assert.match(readOnly.stderr, /cannot be set/);
  });
});

test('gdbus introspects, calls and reads an error', async () => {
  const gdbus = (...args: string[]) =>
    execute({
      file: 'gdbus',
      args: [args[0] ?? '', `--address=${testBus.address}`, '--dest=org.banger.Manager1', ...args.slice(1)],
      timeoutMs: 10_000,
    });
  const { stdout: xml, status } = await gdbus('introspect', '--object-path=/org/banger', '--recurse');
  assert.equal(status, 0);
  assert.match(xml, /node \/org\/banger\/vms\/v2 \{/);
  const call = (member: string, ...args: string[]) =>
    gdbus('call', '--object-path=/org/banger/Manager1', `--method=org.banger.Manager1.${member}`, ...args);
  assert.match(
    (await call('ListVMs')).stdout,
    /^\(\[\(objectpath '\/org\/banger\/vms\/v0', 'name-0', 'v0', 'running'/,
  );
  assert.match((await call('DaemonStatus')).stdout, /'features': <\['a', 'b'\]>/);
  assert.match(
    (await call('CreateVM', 'taken', '{}')).stderr,
    /org\.banger\.Error\.AlreadyExists: there is a VM named/,
  );
});

test('python-dbus sees objects, properties and signals', async () => {
  const script = `
import dbus, sys
bus = dbus.bus.BusConnection(sys.argv[1])
root = bus.get_object('org.banger.Manager1', '/org/banger')
objects = dbus.Interface(root, 'org.freedesktop.DBus.ObjectManager').GetManagedObjects()
print(sorted(objects.keys()))
print(objects['/org/banger/vms/v1']['org.banger.VM1']['Memory'])
manager = bus.get_object('org.banger.Manager1', '/org/banger/Manager1')
print(dbus.Interface(manager, 'org.banger.Manager1').CreateVM('x', {'image': 'i', 'vcpus': dbus.UInt32(2)}))
print(manager.Get('org.banger.Manager1', 'Features', dbus_interface='org.freedesktop.DBus.Properties'))
try:
    dbus.Interface(manager, 'org.banger.Manager1').CreateVM('bug', {})
except dbus.DBusException as error:
    print(error.get_dbus_name(), error.get_dbus_message())
`;
  const out = await run({
    file: '/usr/bin/python3',
    args: ['-c', script, testBus.address],
    cwd: '/',
    timeoutMs: 10_000,
  });
  const lines = out.trim().split('\n');
  assert.match(lines[0] ?? '', /\/org\/banger\/Manager1.*\/org\/banger\/vms\/v1.*\/org\/banger\/vms\/v2/);
  assert.equal(lines[1], '1073741824');
  assert.match(lines[2] ?? '', /\/org\/banger\/vms\/new.*\/org\/banger\/jobs\/1/);
  assert.match(lines[3] ?? '', /snapshot.*user-network/);
  assert.match(lines[4] ?? '', /^org\.banger\.Error\.Internal internal error \(request [0-9a-f-]{36}\)/);
  assert.equal(out.includes('secret detail'), false);
  const [requestId, cause] = failures.at(-1) ?? [];
  assert.ok(lines[4]?.includes(String(requestId)));
  assert.match(String(cause), /secret detail/);
});

test('what is served equals dbus/*.xml', async () => {
  const bare = (xml: string) =>
    xml
      .replace(/<!--[\s\S]*?-->/g, '')
      .replace(/>\s+</g, '><')
      .trim();
  const vm = await client.call({
    destination: 'org.banger.Manager1',
    path: '/org/banger/vms/v1',
    interface: 'org.freedesktop.DBus.Introspectable',
    member: 'Introspect',
  });
  const file = readFileSync(join(import.meta.dirname, '../../dbus/org.banger.VM1.xml'), 'utf8');
  const [declared = ''] = /<interface[\s\S]*<\/interface>/.exec(bare(file)) ?? [];
  assert.ok(declared.length > 1000);
  assert.ok(bare(String(vm[0])).includes(declared));
  assert.deepEqual(Object.keys(contract).length, 6);
});

describe('a bad call gets the standard error', () => {
  const manager1 = '/org/banger/Manager1';
  const iface = 'org.banger.Manager1';
  const properties = 'org.freedesktop.DBus.Properties';
  const standard = 'org.freedesktop.DBus.Error';
  const cases: [string, Parameters<typeof failureOf>, string][] = [
    ['wrong signature', [manager1, iface, 'GetVM', 'u', [1]], `${standard}.InvalidArgs`],
    ['missing argument', [manager1, iface, 'GetVM'], `${standard}.InvalidArgs`],
    ['unknown method', [manager1, iface, 'Nope'], `${standard}.UnknownMethod`],
    ['inherited name as method', [manager1, iface, 'constructor'], `${standard}.UnknownMethod`],
    [
      'unknown interface',
      [manager1, 'org.banger.VM1', 'Start', 'a{sv}', [{}]],
      `${standard}.UnknownInterface`,
    ],
    [
      'unknown object',
      ['/org/banger/vms/none', 'org.banger.VM1', 'Start', 'a{sv}', [{}]],
      `${standard}.UnknownObject`,
    ],
    ['unknown property', [manager1, properties, 'Get', 'ss', [iface, 'Nope']], `${standard}.UnknownProperty`],
    [
      'inherited name as property',
      [manager1, properties, 'Get', 'ss', [iface, 'toString']],
      `${standard}.UnknownProperty`,
    ],
    [
      'properties of an unknown interface',
      [manager1, properties, 'GetAll', 's', ['a.b']],
      `${standard}.UnknownInterface`,
    ],
    [
      'read-only property',
      [manager1, properties, 'Set', 'ssv', [iface, 'Version', '9']],
      `${standard}.PropertyReadOnly`,
    ],
    [
      'value of the wrong type',
      [manager1, properties, 'Set', 'ssv', [iface, 'LogLevel', 5]],
      `${standard}.InvalidArgs`,
    ],
    [
      'value refused',
      [manager1, properties, 'Set', 'ssv', [iface, 'LogLevel', 'loud']],
      `${standard}.InvalidArgs`,
    ],
    ['InvalidArgs thrown', [manager1, iface, 'CreateVM', 'sa{sv}', ['x', {}]], `${standard}.InvalidArgs`],
    [
      'an error of banger',
      [manager1, iface, 'CreateVM', 'sa{sv}', ['taken', {}]],
      'org.banger.Error.AlreadyExists',
    ],
    ['an answer that does not fit', [manager1, iface, 'GetVM', 's', ['wrong']], 'org.banger.Error.Internal'],
  ];
  for (const [name, args, expected] of cases) {
    test(name, async () => {
      const failure = await failureOf(...args);
      assert.equal(failure.name, expected, failure.message);
      assert.doesNotMatch(failure.message, /\.ts|\n/);
    });
  }
});

test('the caller is known and activity is told', async () => {
  const before = activity;
  await proxy(client, '/org/banger/Manager1', 'org.banger.Manager1').call('CreateVM', 'x', { image: 'i' });
  assert.equal(manager.senders.at(-1), client.uniqueName);
  assert.equal(activity, before + 1);
});

test('objects come and go with InterfacesAdded and InterfacesRemoved', async () => {
  const seen: unknown[][] = [];
  const done = Promise.withResolvers<void>();
  const undo = await client.onSignal(
    { interface: 'org.freedesktop.DBus.ObjectManager' },
    ({ path, member, body }) => {
      seen.push([path, member, ...body]);
      if (member === 'InterfacesRemoved') done.resolve();
    },
  );
  tree.add('/org/banger/jobs/7', 'org.banger.Job1', {
    methods: { Cancel: () => undefined },
    properties: {
      Kind: () => 'create',
      Stage: () => 'boot',
      Progress: () => -1,
      Object: () => '/',
      State: () => 'running',
      Cancelable: () => true,
    },
  });
  tree.remove('/org/banger/jobs/7');
  await done.promise;
  await undo();
  assert.deepEqual(seen, [
    [
      '/org/banger',
      'InterfacesAdded',
      '/org/banger/jobs/7',
      {
        'org.banger.Job1': {
          Kind: 'create',
          Stage: 'boot',
          Progress: -1,
          Object: '/',
          State: 'running',
          Cancelable: true,
        },
      },
    ],
    ['/org/banger', 'InterfacesRemoved', '/org/banger/jobs/7', ['org.banger.Job1']],
  ]);
  // The branch that led to it is gone as well.
  assert.equal((await busctl('tree', '--list', 'org.banger.Manager1')).includes('/org/banger/jobs'), false);
});

test('with 1,000 VMs listings are whole', async () => {
  const many = await Bus.connect(testBus.address, 5_000);
  const crowd = new ObjectTree(many, (...failure) => failures.push(failure));
  crowd.add('/org/banger/Manager1', 'org.banger.Manager1', fakeManager(1_000));
  for (let n = 0; n < 1_000; n++) crowd.add(`/org/banger/vms/v${n}`, 'org.banger.VM1', fakeVM(`v${n}`));
  const count = async (member: string, path: string, iface: string) => {
    const [list] = await client.call({ destination: many.uniqueName, path, interface: iface, member });
    return Object.keys(list ?? {}).length;
  };
  assert.equal(await count('ListVMs', '/org/banger/Manager1', 'org.banger.Manager1'), 1_000);
  assert.equal(await count('GetManagedObjects', '/org/banger', 'org.freedesktop.DBus.ObjectManager'), 1_001);
  many.close();
});
