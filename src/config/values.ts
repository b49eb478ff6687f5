import { BlockList, isIPv4 } from 'node:net';
import { isAbsolute } from 'node:path';
import { formatDuration, parseDuration, parseSize } from '../common/units.ts';

/** Values of single settings. Each function throws an Error whose message goes on after the setting's name. */

/** What is wrong with one element of a list; the message goes on after the name of the element. */
export class ElementError extends Error {
  readonly index: number;

  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

const second = 1000;
const day = 86_400 * second;

/** @throws Error */
export function sizeWithin(
  text: string,
  { least, most }: { least: number; most: number },
  show: (bytes: number) => string,
): number {
  const bytes = reading(() => parseSize(text, 'the size'));
  if (bytes >= least && bytes <= most) return bytes;
  throw new Error(`must be from ${show(least)} to ${show(most)}; it is ${JSON.stringify(text)}`);
}

/** How often something is asked. @throws Error */
export function interval(text: string): number {
  return durationWithin(text, second, day);
}

/**
 * Gets how long a VM may be unused; nothing for `off`. What is longer than three weeks is meant to be off, and
 * Node's timers end at 24 days.
 * @throws Error
 */
export function staleAfter(text: string): number | undefined {
  return text === 'off' ? undefined : durationWithin(text, second, 21 * day);
}

function durationWithin(text: string, least: number, most: number): number {
  const milliseconds = reading(() => parseDuration(text, 'the duration'));
  if (milliseconds >= least && milliseconds <= most) return milliseconds;
  const bounds = `from ${formatDuration(least)} to ${formatDuration(most)}`;
  throw new Error(`must be ${bounds}; it is ${JSON.stringify(text)}`);
}

/** A path that says where it begins. @throws Error */
export function path(text: string): string {
  if (isAbsolute(text) || text.startsWith('~/')) return text;
  throw new Error(`must be an absolute path or begin with ~/; it is '${text}'`);
}

/** A path, or the name of a program in PATH. @throws Error */
export function program(text: string): string {
  return text.includes('/') ? path(text) : text;
}

const maxNameServers = 3;
const noServers = new BlockList();
noServers.addSubnet('0.0.0.0', 8);
noServers.addSubnet('127.0.0.0', 8);
noServers.addSubnet('224.0.0.0', 3);

/** The addresses of name servers; a resolver takes no more than three. @throws Error or ElementError */
export function nameServers(value: unknown): string[] {
  const servers: unknown[] = Array.isArray(value) ? value : [value];
  if (servers.length === 0) throw new Error('names no server; leave it out for the own one of the network');
  if (servers.length > maxNameServers) {
    throw new Error(`has ${servers.length} servers; a resolver takes no more than ${maxNameServers}`);
  }
  const fail = (index: number, message: string): never => {
    throw Array.isArray(value) ? new ElementError(index, message) : new Error(message);
  };
  const addresses = servers.map((server, index) => {
    if (typeof server !== 'string' || !isIPv4(server)) {
      return fail(index, 'must be an IPv4 address in quotes or a list of such, as in ["9.9.9.9", "1.1.1.1"]');
    }
    if (noServers.check(server))
      return fail(index, `is ${server}, which is not the address of a name server`);
    return server;
  });
  const twice = addresses.findIndex((address, index) => addresses.indexOf(address) !== index);
  if (twice >= 0) fail(twice, `is ${addresses[twice]} for the second time`);
  return addresses;
}

/** The kernel's IFNAMSIZ less the NUL. @throws Error */
export function interfaceName(text: string): string {
  if (/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,14}$/.test(text)) return text;
  throw new Error(
    `must be up to 15 letters, digits, dots, hyphens and underscores; it is ${JSON.stringify(text)}`,
  );
}

/** @throws Error */
export function address(text: string): string {
  if (isIPv4(text) && !noServers.check(text)) return text;
  throw new Error(
    `must be the IPv4 address of an interface, such as "172.30.0.1"; it is ${JSON.stringify(text)}`,
  );
}

const prefixes = { least: 8, most: 30 };

/** A network in CIDR notation, or only the length of its prefix, as `/24` or `24`. @throws Error */
export function network(value: unknown): string {
  const [, base, digits = ''] = /^(?:([\d.]+)\/|\/?)(\d{1,2})$/.exec(String(value)) ?? [];
  const prefix = Number(digits);
  const isKnown = typeof value === 'string' || typeof value === 'number';
  if (!isKnown || digits === '' || (base !== undefined && !isIPv4(base))) {
    throw new Error('must be a network such as "172.30.0.0/24" or the length of its prefix, such as 24');
  }
  if (prefix < prefixes.least || prefix > prefixes.most) {
    throw new Error(`has the prefix /${prefix}; give one from /${prefixes.least} to /${prefixes.most}`);
  }
  return base === undefined ? `/${prefix}` : `${base}/${prefix}`;
}

/** Checks whether an address, if it is one, is not of a network, if it is one with a base. */
export function isOutside(ip: string, cidr: string): boolean {
  const [, base = '', prefix = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(cidr) ?? [];
  if (!isIPv4(ip) || !isIPv4(base) || Number(prefix) > 32) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(prefix));
  return !list.check(ip);
}

/** The message of a parser of units, as what goes on after the setting's name. */
function reading<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error(`is wrong: ${error instanceof Error ? error.message : String(error)}`);
  }
}
