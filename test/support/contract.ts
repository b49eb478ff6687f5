/** Checks that the introspection data of an object matches dbus/*.xml. */
import assert from 'node:assert/strict';
import { type Member, parseInterface, readInterfaces } from '../../scripts/dbus-xml.ts';

const contract = new Map(readInterfaces().map((iface) => [iface.name, iface]));

/** The standard interfaces, as the D-Bus specification has them. */
const standard = new Map(
  [
    `<interface name="org.freedesktop.DBus.Introspectable"><method name="Introspect">
     <arg name="xml_data" type="s" direction="out"/></method></interface>`,
    `<interface name="org.freedesktop.DBus.Peer"><method name="Ping"/><method name="GetMachineId">
     <arg name="machine_uuid" type="s" direction="out"/></method></interface>`,
    `<interface name="org.freedesktop.DBus.Properties"><method name="Get">
     <arg name="interface_name" type="s" direction="in"/><arg name="property_name" type="s" direction="in"/>
     <arg name="value" type="v" direction="out"/></method><method name="GetAll">
     <arg name="interface_name" type="s" direction="in"/><arg name="properties" type="a{sv}" direction="out"/>
     </method><method name="Set"><arg name="interface_name" type="s" direction="in"/>
     <arg name="property_name" type="s" direction="in"/><arg name="value" type="v" direction="in"/></method>
     <signal name="PropertiesChanged"><arg name="interface_name" type="s"/>
     <arg name="changed_properties" type="a{sv}"/><arg name="invalidated_properties" type="as"/></signal>
     </interface>`,
    `<interface name="org.freedesktop.DBus.ObjectManager"><method name="GetManagedObjects">
     <arg name="objects" type="a{oa{sa{sv}}}" direction="out"/></method><signal name="InterfacesAdded">
     <arg name="object_path" type="o"/><arg name="interfaces_and_properties" type="a{sa{sv}}"/></signal>
     <signal name="InterfacesRemoved"><arg name="object_path" type="o"/><arg name="interfaces" type="as"/></signal>
     </interface>`,
  ].map((xml) => {
    const iface = parseInterface('the specification', `<node>${xml}</node>`);
    return [iface.name, iface];
  }),
);

const kinds: Readonly<Record<string, string>> = {
  vms: 'VM1',
  images: 'Image1',
  kernels: 'Kernel1',
  jobs: 'Job1',
};

/** banger's own interface of a path; nothing for a node that only leads to others. */
export function interfaceOf(path: string): string | undefined {
  if (path === '/org/banger/Manager1') return 'org.banger.Manager1';
  const [, kind = ''] = /^\/org\/banger\/(\w+)\/\w+$/.exec(path) ?? [];
  return kinds[kind] && `org.banger.${kinds[kind]}`;
}

/** Fails unless a node is described with exactly the interfaces it must have, each as the contract has it. */
export function assertDescribed(path: string, xml: string): void {
  const own = interfaceOf(path);
  const expected = [
    'org.freedesktop.DBus.Introspectable',
    'org.freedesktop.DBus.Peer',
    ...(own ? ['org.freedesktop.DBus.Properties', own] : []),
    ...(path === '/org/banger' ? ['org.freedesktop.DBus.ObjectManager'] : []),
  ];
  const found = [...xml.matchAll(/<interface name="([^"]+)">[\s\S]*?<\/interface>/g)];
  assert.deepEqual(found.map(([, name]) => name).sort(), expected.sort(), path);
  for (const [text, name = ''] of found) {
    const known = contract.get(name) ?? standard.get(name);
    assert.deepEqual(elementsOf(text), elementsOf(known?.xml ?? ''), `${name} at ${path}`);
  }
}

/** Every element of introspection data in its order, without comments and layout. */
function elementsOf(xml: string): string[] {
  // Some tools escape more than they must.
  const text = xml.replace(/<!--[\s\S]*?-->/g, '').replace(/&(?:apos|#39|#x27);/g, "'");
  const elements = text.match(/<[^>]+>/g) ?? [];
  assert.ok(elements.length > 1, 'nothing was described');
  // Tools write an element that has no content with or without an end of its own, and their attributes in any order.
  return elements
    .filter((element) => !element.startsWith('</'))
    .map((element) => {
      const [, name, attributes = ''] = /^<(\w+)([^>]*?)\/?>$/.exec(element) ?? [];
      return `${name} ${(attributes.match(/\w+="[^"]*"/g) ?? []).sort().join(' ')}`;
    });
}

/** A member as it is documented. */
export function memberOf(iface: string, name: string): Member {
  const member = contract.get(iface)?.members.find((each) => each.name === name);
  return member ?? assert.fail(`${iface} has no ${name}`);
}

/** The types of an interface's properties, by their names. */
export function propertyTypesOf(iface: string): Record<string, string> {
  const properties = contract.get(iface)?.members.filter(({ kind }) => kind === 'property') ?? [];
  return Object.fromEntries(properties.map(({ name, type }) => [name, type]));
}
