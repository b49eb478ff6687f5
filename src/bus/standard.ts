import { existsSync, readFileSync } from 'node:fs';
import { BangerError, getMessage } from '../common/errors.ts';
import { StandardError } from './errors.ts';
import { type InterfaceName, rootPath } from './interfaces.ts';
import { formatIntrospection } from './introspection.ts';
import { describeProperty, type Nodes, readProperties, readProperty, type Served } from './nodes.ts';
import { type Plain, parseTypes } from './values.ts';
import { Writer } from './writer.ts';

/** A method of a standard interface: what it takes and returns, and what it does. */
interface StandardMethod {
  in: string;
  out: string;
  run(nodes: Nodes, path: string, args: readonly Plain[]): unknown[];
}

/** What every node answers besides banger's own interfaces; D-Bus specification, "Standard Interfaces". */
export const standardInterfaces: Readonly<Record<string, Readonly<Record<string, StandardMethod>>>> = {
  'org.freedesktop.DBus.Introspectable': { Introspect: { in: '', out: 's', run: introspect } },
  'org.freedesktop.DBus.Peer': {
    Ping: { in: '', out: '', run: () => [] },
    GetMachineId: { in: '', out: 's', run: () => [machineId()] },
  },
  'org.freedesktop.DBus.Properties': {
    Get: { in: 'ss', out: 'v', run: getProperty },
    GetAll: { in: 's', out: 'a{sv}', run: getAllProperties },
    Set: { in: 'ssv', out: '', run: setProperty },
  },
  'org.freedesktop.DBus.ObjectManager': {
    GetManagedObjects: { in: '', out: 'a{oa{sa{sv}}}', run: getManagedObjects },
  },
};

function introspect(nodes: Nodes, path: string): [string] {
  const interfaces = [...nodes.interfacesOf(path).keys()];
  return [
    formatIntrospection({ interfaces, isObjectManager: path === rootPath, children: nodes.childrenOf(path) }),
  ];
}

function getProperty(nodes: Nodes, path: string, [iface, name]: readonly Plain[]): unknown[] {
  const [known, served] = servedBy(nodes, path, String(iface), String(name));
  return [readProperty(known, served, String(name))];
}

function getAllProperties(nodes: Nodes, path: string, [iface]: readonly Plain[]): unknown[] {
  const name = String(iface);
  if (Object.hasOwn(standardInterfaces, name)) return [{}];
  if (name) return [readProperties(...servedBy(nodes, path, name))];
  return [Object.assign({}, ...Object.values(nodes.describe(path)))];
}

function setProperty(nodes: Nodes, path: string, [iface, name, value]: readonly Plain[]): unknown[] {
  const property = String(name);
  const [known, served] = servedBy(nodes, path, String(iface), property);
  const { type, access } = describeProperty(known, property);
  const write = served.writable?.[property];
  if (!access.includes('write') || !write) {
    throw new StandardError('PropertyReadOnly', `${property} of ${known} cannot be set`);
  }
  try {
    new Writer().values(parseTypes(type), [value]);
  } catch (error) {
    throw new StandardError('InvalidArgs', `${property} has the type ${type}: ${getMessage(error)}`);
  }
  write(value);
  return [];
}

function getManagedObjects(nodes: Nodes, path: string): unknown[] {
  if (path !== rootPath) {
    throw new StandardError('UnknownInterface', `${path} is not the object manager; ${rootPath} is`);
  }
  return [Object.fromEntries(nodes.paths().map((each) => [each, nodes.describe(each)]))];
}

/** The implementation of an interface; where the caller named none, of the first that has the property. */
function servedBy(nodes: Nodes, path: string, iface: string, property = ''): [InterfaceName, Served] {
  for (const [name, served] of nodes.interfacesOf(path)) {
    if (iface ? name === iface : Object.hasOwn(served.properties, property)) return [name, served];
  }
  throw new StandardError('UnknownInterface', `${path} has no interface ${JSON.stringify(iface)}`);
}

function machineId(): string {
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  }
  throw new BangerError('NotSupported', 'this host has no machine id');
}
