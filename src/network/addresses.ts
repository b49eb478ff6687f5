import { createServer } from 'node:net';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { findUser } from '../common/user.ts';

/** The guest's side in user mode: slirp's network, which is the same for every VM and seen by it alone. */
export const guestNetwork = {
  address: '10.0.2.100',
  prefix: 24,
  gateway: '10.0.2.2',
  dns: '10.0.2.3',
} as const;

/**
 * The words on the kernel command line by which the guest's initrd sets up its network.
 * @param isConnected whether there is a way out
 * @param nameServers instead of the network's own
 */
export function kernelNetworkWords(
  isConnected = true,
  nameServers: readonly string[] = [guestNetwork.dns],
): string[] {
  const { address, prefix, gateway } = guestNetwork;
  const own = `banger.ip=${address}/${prefix}`;
  return isConnected ? [own, `banger.gw=${gateway}`, `banger.dns=${nameServers.join(',')}`] : [own];
}

/** The port of the host's end of ssh; nobody unprivileged can bind 22. */
const preferredSshPort = 2222;

/** Where the host reaches a VM's ssh. */
export interface HostEnd {
  /** Of the host's loopback in user mode; the guest's own if it is bridged. */
  address: string;
  port: number;
}

/** Checks whether an address is one that VMs have in user mode. */
export function isOfUserMode(address: string): boolean {
  return address.startsWith('127.66.');
}

/**
 * Chooses an address for a VM out of this user's /24 of 127.66.0.0/16, and a port on it for ssh.
 * Two users whose uids end alike share a /24, so what is taken shows only by binding.
 * @param taken addresses that other VMs of this user have, also stopped ones
 * @throws HostNotReady if none of the 254 is free
 */
export async function chooseHostEnd(taken: ReadonlySet<string>, uid = findUser().uid): Promise<HostEnd> {
  for (let last = 1; last < 255; last++) {
    const address = `127.66.${uid % 256}.${last}`;
    if (!taken.has(address) && (await canBind(address, preferredSshPort)))
      return { address, port: preferredSshPort };
  }
  // A listener on 0.0.0.0 has the port on all of them: any other port will do.
  for (let last = 1; last < 255; last++) {
    const address = `127.66.${uid % 256}.${last}`;
    if (!taken.has(address)) return { address, port: await choosePort(address) };
  }
  throw new BangerError('HostNotReady', `all addresses of 127.66.${uid % 256}.0/24 are taken`, {
    remedy: 'delete a VM',
  });
}

/**
 * Chooses the port for ssh at a VM's start: the one it had, if nobody has taken it since.
 * @throws HostNotReady if the address cannot be bound at all
 */
export async function choosePort(address: string, former = preferredSshPort): Promise<number> {
  for (const port of [former, preferredSshPort, 0]) {
    const bound = await bind(address, port);
    if (bound !== undefined) return bound;
  }
  throw new BangerError('HostNotReady', `no port of ${address} can be bound`);
}

async function canBind(address: string, port: number): Promise<boolean> {
  return (await bind(address, port)) !== undefined;
}

/** Binds a port for a moment and tells which it was; nothing if it is taken. */
function bind(address: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      const code = getSystemCode(error);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(undefined);
      else reject(new BangerError('HostNotReady', `cannot bind ${address}: ${error.message}`));
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' ? (bound?.port ?? port) : port));
    });
  });
}
