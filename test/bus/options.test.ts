/** The options that methods take are those that dbus/*.xml documents: the server checks them before the handler runs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readInterfaces } from '../../scripts/dbus-xml.ts';
import { Bus } from '../../src/bus/connection.ts';
import { contract } from '../../src/bus/contract.ts';
import { type InterfaceName, rootPath } from '../../src/bus/interfaces.ts';
import { ObjectTree } from '../../src/bus/server.ts';
import { Typed } from '../../src/bus/values.ts';
import { getMessage } from '../../src/common/errors.ts';
import { startBus, type TestBus } from './bus-daemon.ts';

const serviceName = 'org.banger.Options';

/** Every method that takes options, as it is documented. */
const methods = readInterfaces().flatMap(({ name: iface, members }) =>
  members.flatMap(({ name, args }) => {
    const options = args.find((arg) => arg.name === 'options');
    return options ? [{ iface, name, args, documented: options.entries }] : [];
  }),
);

/** What reached a handler: the method and its options. */
const reached: [method: string, options: unknown][] = [];
let testBus: TestBus;
let server: Bus;
let client: Bus;

before(async () => {
  testBus = await startBus();
  server = await Bus.connect(testBus.address, 5_000);
  client = await Bus.connect(testBus.address, 5_000);
  const tree = new ObjectTree(server, () => undefined);
  for (const iface of Object.keys(contract) as InterfaceName[]) {
    const names = Object.keys(contract[iface].methods);
    const handlers = names.map((name) => [
      name,
      (_caller: unknown, ...args: unknown[]) => reached.push([`${iface}.${name}`, args.at(-1)]),
    ]);
    // One handler for all that only notes what it was given.
    tree.add(pathOf(iface), iface, { methods: Object.fromEntries(handlers), properties: {} } as never);
  }
  assert.ok(await server.requestName(serviceName));
});

after(async () => {
  client.close();
  server.close();
  await testBus[Symbol.asyncDispose]();
});

function pathOf(iface: string): string {
  return `${rootPath}/${iface.replaceAll('.', '_')}`;
}

/** Calls a method with some options; every other argument is empty. Gives the sentence that it fails with. */
async function failureOf(
  { iface, name, args }: (typeof methods)[number],
  options: Record<string, unknown>,
): Promise<string> {
  const given = args.filter(({ direction }) => direction === 'in');
  const empty = (type: string) => (type === 's' ? '' : 0);
  const call = client.call({
    destination: serviceName,
    path: pathOf(iface),
    interface: iface,
    member: name,
    signature: given.map(({ type }) => type).join(''),
    body: given.map((arg) => (arg.name === 'options' ? options : empty(arg.type))),
  });
  return await call.then(() => '', getMessage);
}

const wordFor: Readonly<Record<string, string>> = { s: 'string', b: 'boolean', u: 'integer', t: 'integer' };
const valuesFor: Readonly<Record<string, readonly unknown[]>> = {
  s: ['text', ''],
  b: [true, false],
  // However wide a client makes it.
  u: [0, 7, new Typed('i', 7), new Typed('y', 7)],
  t: [0, 2 ** 53 - 1, new Typed('u', 7), new Typed('x', 7)],
};

test('some methods take options, some of them several', () => {
  assert.ok(methods.length >= 12);
  assert.ok(methods.some(({ documented }) => documented.length >= 8));
});

test('an option that is not documented is refused before the handler runs', async () => {
  for (const method of methods) {
    reached.length = 0;
    const known = method.documented.map(({ name }) => name).join(', ') || 'none';
    for (const name of ['malformed', '__proto__', 'constructor', '']) {
      assert.equal(
        await failureOf(method, JSON.parse(`{${JSON.stringify(name)}: 1}`)),
        `unknown option ${JSON.stringify(name)}; this call takes: ${known}`,
        `${method.iface}.${method.name}`,
      );
    }
    assert.deepEqual(reached, []);
  }
});

test('an option of another type than is documented is refused before the handler runs', async () => {
  for (const method of methods) {
    reached.length = 0;
    for (const { name, type } of method.documented) {
      const wrong = [['neither'], { a: 1 }, -1, 0.5, type === 's' ? 1 : 'text', type === 'b' ? 1 : true];
      for (const value of wrong) {
        assert.match(
          await failureOf(method, { [name]: value }),
          new RegExp(`^option ${name} must be of type ${wordFor[type]};`),
          `${method.iface}.${method.name} ${JSON.stringify(value)}`,
        );
      }
    }
    assert.deepEqual(reached, []);
  }
});

test('the handler is given the options that are documented', async () => {
  for (const method of methods) {
    for (const { name, type } of method.documented) {
      for (const value of valuesFor[type] ?? []) {
        reached.length = 0;
        await failureOf(method, { [name]: value });
        const plain = value instanceof Typed ? value.value : value;
        assert.deepEqual(reached, [[`${method.iface}.${method.name}`, { [name]: plain }]]);
      }
    }
  }
});
