/** PropertiesChanged tells every property that changes, and no property that is annotated as const changes. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { exportServices } from '../../src/api/export.ts';
import { vmPath } from '../../src/api/paths.ts';
import type { Services } from '../../src/api/services.ts';
import type { Bus } from '../../src/bus/connection.ts';
import { contract } from '../../src/bus/contract.ts';
import { managerPath } from '../../src/bus/interfaces.ts';
import { ObjectTree } from '../../src/bus/server.ts';
import { Typed } from '../../src/bus/values.ts';
import { type Message, type MessageHeader, messageType } from '../../src/bus/wire.ts';
import { onLogLevel, setLogLevel } from '../../src/daemon/log.ts';
import { Jobs } from '../../src/job/jobs.ts';
import { openStore } from '../../src/store/database.ts';
import type { Vm, VmUpdate } from '../../src/store/vm.ts';
import { VmRegistry } from '../../src/vm/registry.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeVm, someRun } from '../support/vm.ts';

type Values = Record<string, unknown>;

/** The daemon's objects on a bus that keeps what is sent. */
function exported(t: TestContext) {
  const store = openStore(join(temporaryDirectory(t), 'banger.db'));
  t.after(() => store.close());
  // Images and kernels are only names here.
  store.pragma('foreign_keys = OFF');
  const sent: { header: MessageHeader; body: readonly unknown[] }[] = [];
  let call: (message: Message) => void = () => undefined;
  const bus = {
    send: (header: MessageHeader, body: readonly unknown[]) => sent.push({ header, body }),
    serve: (handler: (message: Message) => void) => {
      call = handler;
    },
  };
  const tree = new ObjectTree(bus as unknown as Bus, (_id, error) => assert.fail(String(error)));
  const vms = new VmRegistry(store, { state: '/nowhere', runtime: '/nowhere' });
  vms.add(makeVm());
  const jobs = new Jobs(() => undefined);
  const log = pino({ level: 'info' }, { write: () => undefined });
  const libraryOf = (names: string[]) =>
    Object.assign(new EventEmitter(), { list: () => names.map((name) => ({ id: `id-of-${name}`, name })) });
  // What the properties need of the services.
  const services = {
    vms,
    jobs,
    images: libraryOf([]),
    kernels: Object.assign(libraryOf(['old', 'new']), { get: () => ({ id: 'k' }) }),
    upkeep: { stale: new EventEmitter() },
    operations: { contextOf: () => ({ host: { supervisor: { unitOf: (program: string) => program } } }) },
    daemon: {
      version: '1',
      dnsAddress: () => '',
      logLevel: () => log.level,
      onLogLevel: (listener: () => void) => onLogLevel(log, listener),
      setLogLevel: (level: string) => setLogLevel(log, level),
    },
  };
  exportServices(tree, services as unknown as Services);

  /** Calls a method of the standard interface for properties. */
  const properties = async (path: string, member: string, signature: string, body: readonly unknown[]) => {
    const header = { path, member, signature, interface: 'org.freedesktop.DBus.Properties', sender: ':1.1' };
    const message = { ...header, type: messageType.call, flags: 0, serial: 1, body: () => body };
    call(message as Message);
    await tree.settled();
    const answer = sent.findLast(({ header }) => header.replySerial === 1);
    assert.equal(answer?.header.type, messageType.reply, JSON.stringify(answer?.body));
    return answer?.body ?? [];
  };
  const read = async (path: string, iface: string): Promise<Values> => {
    const [values] = await properties(path, 'GetAll', 's', [iface]);
    return plain(values);
  };
  /** The values that PropertiesChanged told of an object, the last of each property. */
  const told = (path: string, iface: string): Values => {
    const signals = sent.filter(
      ({ header, body }) =>
        header.member === 'PropertiesChanged' && header.path === path && body[0] === iface,
    );
    return Object.assign({}, ...signals.map(({ body }) => plain(body[1])));
  };
  const forget = () => sent.splice(0);
  return { vms, jobs, log, read, told, forget, properties };
}

/** The values of properties without their types. */
function plain(values: unknown): Values {
  return Object.fromEntries(
    Object.entries(values as Values).map(([name, value]) => [
      name,
      value instanceof Typed ? value.value : value,
    ]),
  );
}

/** What is different in the second values. */
function difference(before: Values, after: Values): Values {
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  );
}

/** A change of every field that the domain changes; the others stay as a VM was made. */
const changes: readonly VmUpdate[] = [
  { imageId: 'i' },
  { kernelId: 'id-of-new' },
  { vcpus: 4 },
  { memoryBytes: 2 ** 31 },
  { diskBytes: 2 ** 34 },
  { vmm: 'firecracker' },
  { owner: ':1.5' },
  { operation: 'start' },
  { run: { network: 'user' } },
  { run: { accelerator: 'kvm' } },
  { run: someRun },
  { run: { startedAt: 5 } },
  { ssh: { address: '127.0.0.2', port: 22 } },
  { nat: false },
  { reasons: { vmm: 'there is no other' } },
  { warnings: ['a warning'] },
  // In the order of a life: the end of the run, and then why.
  { operation: undefined },
  { run: undefined },
  { lastError: 'it failed' },
];

test('each change of a VM emits exactly the properties that changed', async (t) => {
  const { vms, read, told, forget } = exported(t);
  const path = vmPath(makeVm());
  const changed = new Set<string>();
  const original = makeVm();
  const back = changes.map((change) =>
    Object.fromEntries(Object.keys(change).map((field) => [field, original[field as keyof Vm]])),
  );
  for (const change of [...changes, ...back]) {
    const before = await read(path, 'org.banger.VM1');
    forget();
    vms.record(original.id, change);
    const signals = told(path, 'org.banger.VM1');
    const found = difference(before, await read(path, 'org.banger.VM1'));
    for (const [name, value] of Object.entries(found)) {
      assert.deepEqual(signals[name], value, `${name} after ${JSON.stringify(change)}`);
      changed.add(name);
    }
  }
  assert.deepEqual([...changed].sort(), [...contract['org.banger.VM1'].changing].sort());
});

test('each step of a job emits the properties that changed', async (t) => {
  const { jobs, read, told, forget } = exported(t);
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const job = jobs.start(
    { kind: 'start', object: { kind: 'vm', id: 'a123456789' }, cancelable: true },
    async (work) => {
      work.stage('boot', 0.5);
      begun.resolve();
      await goOn.promise;
    },
  );
  const path = `/org/banger/jobs/${job.number}`;
  const changed = new Set<string>();
  const steps = [
    () => begun.promise,
    () => {
      goOn.resolve();
      return jobs.settled();
    },
  ];
  for (const step of steps) {
    const before = await read(path, 'org.banger.Job1');
    forget();
    await step();
    const signals = told(path, 'org.banger.Job1');
    for (const [name, value] of Object.entries(difference(before, await read(path, 'org.banger.Job1')))) {
      assert.deepEqual(signals[name], value, name);
      changed.add(name);
    }
  }
  assert.deepEqual([...changed].sort(), [...contract['org.banger.Job1'].changing].sort());
});

test('setting the log level emits its property', async (t) => {
  const { told, properties } = exported(t);
  await properties(managerPath, 'Set', 'ssv', ['org.banger.Manager1', 'LogLevel', 'debug']);
  assert.deepEqual(told(managerPath, 'org.banger.Manager1'), { LogLevel: 'debug' });
});

test('a log level that the daemon changes emits its property', (t) => {
  const { log, told } = exported(t);
  log.level = 'warn';
  assert.deepEqual(told(managerPath, 'org.banger.Manager1'), { LogLevel: 'warn' });
});

test('a log level that stays the same emits nothing', (t) => {
  const { log, told } = exported(t);
  log.level = 'info';
  log.child({}, { level: 'error' });
  assert.deepEqual(told(managerPath, 'org.banger.Manager1'), {});
});

test('the interfaces with properties that change are those whose changes are tested', () => {
  const changing = Object.entries(contract).filter(([, description]) => description.changing.length > 0);
  assert.deepEqual(
    changing.map(([name]) => name),
    // Of the last one, the settings: test/netd/settings.test.ts.
    ['org.banger.Job1', 'org.banger.Manager1', 'org.banger.VM1', 'org.banger.Network1'].sort(),
  );
});
