import { existsSync } from 'node:fs';
import { BangerError } from '../common/errors.ts';
import { slirpSocket } from './enclosure.ts';
import { addForward, listForwards, removeForward } from './forwards.ts';
import { namespaceSocket, tellNamespace } from './namespace.ts';

/** A port of a guest by its protocol and number. */
export interface GuestPort {
  protocol: 'tcp' | 'udp';
  port: number;
}

/** How a guest's ports come to the host where its own address is not reached. */
export interface PortForwards {
  /**
   * Has exactly these ports forwarded, each on the same number of the VM's address.
   * @returns those that are; the others somebody else has on the host
   * @throws GuestUnreachable or HostNotReady if the network is gone, Timeout
   */
  settle(wanted: readonly GuestPort[]): Promise<GuestPort[]>;
}

/** What forwards the ports of one protocol. It is asked what there is each time: an earlier daemon may have made it. */
interface Forwarder {
  list(): Promise<number[]>;
  /** @throws InUse if somebody else has the port */
  add(port: number): Promise<void>;
  remove(port: number): Promise<void>;
}

/**
 * The forwards of a VM in a namespace of its own, besides that of ssh.
 * @param ssh where the guest's ssh is on the host
 */
export function enclosedForwards(
  runtimeDirectory: string,
  ssh: { address: string; port: number },
): PortForwards {
  const tcp = tcpForwarder(slirpSocket(runtimeDirectory), ssh);
  const orders = namespaceSocket(runtimeDirectory);
  const udp = udpForwarder(orders, ssh.address);
  return {
    settle: async (wanted) => {
      const bound: GuestPort[] = [];
      for (const [protocol, forwarder] of [['tcp', tcp] as const, ['udp', udp] as const]) {
        // A VM that an older banger started takes no orders.
        if (protocol === 'udp' && !existsSync(orders)) continue;
        const ports = wanted.filter((port) => port.protocol === protocol).map(({ port }) => port);
        for (const port of await settle(forwarder, ports)) bound.push({ protocol, port });
      }
      return bound;
    },
  };
}

async function settle(forwarder: Forwarder, wanted: readonly number[]): Promise<number[]> {
  const present = await forwarder.list();
  for (const port of present) if (!wanted.includes(port)) await forwarder.remove(port);
  const bound: number[] = [];
  for (const port of wanted) {
    const isBound = present.includes(port) || (await forwarder.add(port).then(() => true, unlessTaken));
    if (isBound) bound.push(port);
  }
  return bound;
}

function unlessTaken(error: unknown): boolean {
  if (error instanceof BangerError && error.code === 'InUse') return false;
  throw error;
}

/** TCP is forwarded by slirp4netns. */
function tcpForwarder(socket: string, ssh: { address: string; port: number }): Forwarder {
  const ids = new Map<number, number>();
  return {
    async list() {
      ids.clear();
      for (const [id, { hostPort }] of await listForwards(socket))
        if (hostPort !== ssh.port) ids.set(hostPort, id);
      return [...ids.keys()];
    },
    async add(port) {
      await addForward(socket, {
        protocol: 'tcp',
        hostAddress: ssh.address,
        hostPort: port,
        guestPort: port,
      });
    },
    async remove(port) {
      const id = ids.get(port);
      if (id !== undefined) await removeForward(socket, id);
    },
  };
}

/** UDP is forwarded by the namespace itself: slirp4netns lets no answer out to the host's loopback. */
function udpForwarder(socket: string, address: string): Forwarder {
  return {
    list: async () => (await tellNamespace(socket, 'udp list')).map(Number),
    add: async (port) => void (await tellNamespace(socket, `udp add ${address}:${port}`)),
    remove: async (port) => void (await tellNamespace(socket, `udp remove ${port}`)),
  };
}
