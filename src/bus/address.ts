import { join } from 'node:path';

/** Where a bus listens. */
export interface Endpoint {
  /** The path of a unix socket; that of an abstract one begins with a zero byte. */
  socket: string;
  /** Which bus it is, if the address says so: another one may listen at the same place later. */
  guid: string | undefined;
}

/**
 * What a D-Bus address names, in the order to try. Transports other than unix sockets are left out: a session bus of
 * this user never needs one. See the D-Bus specification, "Server Addresses".
 */
export function parseEndpoints(address: string, env: NodeJS.ProcessEnv): Endpoint[] {
  return address.split(';').flatMap((alternative) => {
    if (!alternative.startsWith('unix:')) return [];
    const pairs = alternative
      .slice('unix:'.length)
      .split(',')
      .map((pair): [string, string] => {
        const [key = '', ...value] = pair.split('=');
        return [key, unescapeValue(value.join('='))];
      });
    const { path, abstract, runtime, guid } = Object.fromEntries(pairs);
    if (path) return [{ socket: path, guid }];
    if (abstract) return [{ socket: `\0${abstract}`, guid }];
    if (runtime === 'yes' && env.XDG_RUNTIME_DIR) return [{ socket: join(env.XDG_RUNTIME_DIR, 'bus'), guid }];
    return [];
  });
}

/** The sockets that a D-Bus address names, in the order to try. */
export function parseSocketPaths(address: string, env: NodeJS.ProcessEnv): string[] {
  return parseEndpoints(address, env).map(({ socket }) => socket);
}

/** The address of a bus that listens on a socket of the file system. */
export function formatSocketAddress(socketPath: string): string {
  const escaped = Buffer.from(socketPath).reduce((text, byte) => {
    const character = String.fromCharCode(byte);
    return text + (/[\w/.\\-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`);
  }, '');
  return `unix:path=${escaped}`;
}

/** Checks whether two addresses lead to the same bus, whatever else they say. */
export function isSameBus(one: string, other: string, env: NodeJS.ProcessEnv): boolean {
  const sockets = parseSocketPaths(other, env);
  return parseSocketPaths(one, env).some((socket) => sockets.includes(socket));
}

function unescapeValue(value: string): string {
  const bytes = value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  // Each %XX is one byte of UTF-8; what stands unescaped is ASCII.
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The address of the host's own bus (D-Bus specification, "System message bus"). */
export function systemBusAddress(env: NodeJS.ProcessEnv): string {
  return env.DBUS_SYSTEM_BUS_ADDRESS || 'unix:path=/run/dbus/system_bus_socket';
}
