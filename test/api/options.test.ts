/** The options that methods take are those that dbus/*.xml documents. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Interface, type Member, readInterfaces } from '../../scripts/dbus-xml.ts';
import { imageObject } from '../../src/api/image.ts';
import { kernelObject } from '../../src/api/kernel.ts';
import { managerObject } from '../../src/api/manager.ts';
import type { Services } from '../../src/api/services.ts';
import { vmObject } from '../../src/api/vm.ts';
import { messageOf } from '../../src/common/errors.ts';
import type { ImageLibrary } from '../../src/image/library.ts';
import type { KernelLibrary } from '../../src/kernel/library.ts';
import { networkObject, type Service } from '../../src/netd/service.ts';
import type { ImageRecord, KernelRecord } from '../../src/store/artifacts.ts';

type Methods = Record<string, (caller: { sender: string }, ...args: unknown[]) => unknown>;

// Options are read before anything behind the objects is touched.
const nothing = {} as Services;
const objects: Readonly<Record<string, unknown>> = {
  'org.banger.Manager1': managerObject(nothing),
  'org.banger.VM1': vmObject(nothing, 'a'),
  'org.banger.Image1': imageObject({} as ImageLibrary, {} as ImageRecord),
  'org.banger.Kernel1': kernelObject({} as KernelLibrary, {} as KernelRecord),
  'org.banger.Network1': networkObject({} as Service),
};

/** What a method says to some options; every other argument is empty. */
async function refusal(
  iface: string,
  { name, args }: Member,
  options: Record<string, unknown>,
): Promise<string> {
  const { methods } = objects[iface] as { methods: Methods };
  const given = args
    .filter(({ direction }) => direction === 'in')
    .map((arg) => (arg.name === 'options' ? options : ''));
  try {
    await methods[name]?.({ sender: ':1.1' }, ...given);
  } catch (error) {
    return messageOf(error);
  }
  return assert.fail(`${iface}.${name} took ${JSON.stringify(options)}`);
}

/** Every method that takes options. */
const taking = readInterfaces().flatMap((iface: Interface) =>
  iface.members
    .filter(({ args }) => args.some(({ name, type }) => name === 'options' && type === 'a{sv}'))
    .map((member) => ({ iface: iface.name, member })),
);

test('every method takes the options that are documented, and no other', async () => {
  assert.ok(taking.length >= 12);
  for (const { iface, member } of taking) {
    const documented = member.doc?.entries.get('options') ?? [];
    const names = documented.map(({ name }) => name).join(', ') || 'none';
    assert.equal(
      await refusal(iface, member, { nonsense: 1 }),
      `unknown option "nonsense"; this call takes: ${names}`,
      `${iface}.${member.name}`,
    );
  }
});

test('options have the types that are documented', async () => {
  const typeOf: Readonly<Record<string, string>> = { s: 'string', b: 'boolean', u: 'integer', t: 'integer' };
  for (const { iface, member } of taking) {
    for (const { name, type } of member.doc?.entries.get('options') ?? []) {
      const said = await refusal(iface, member, { [name]: ['neither'] });
      assert.match(
        said,
        new RegExp(`^option ${name} must be of type ${typeOf[type]};`),
        `${iface}.${member.name}`,
      );
    }
  }
});
