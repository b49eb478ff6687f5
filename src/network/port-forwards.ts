import { BangerError } from '../common/errors.ts';
import { addForward, type Forward, listForwards, removeForward } from './forwards.ts';

/** A port of a guest by its protocol and number. */
export interface GuestPort {
  protocol: 'tcp' | 'udp';
  port: number;
}

/** How a guest's ports come to the host where its own address is not reached. */
export interface PortForwards {
  /**
   * Has exactly these ports forwarded, each on the same number of the VM's address.
   * @returns those that are, and those whose place on the host somebody else has
   * @throws GuestUnreachable if the network is gone, Timeout
   */
  settle(wanted: readonly GuestPort[]): Promise<{ bound: GuestPort[]; taken: GuestPort[] }>;
}

/**
 * The forwards of a VM's slirp4netns besides that of ssh. It is asked what there is each time, since an earlier
 * daemon may have made them.
 */
export function slirpForwards(apiSocket: string, address: string, sshPort: number): PortForwards {
  return {
    async settle(wanted) {
      const present = [...(await listForwards(apiSocket))].filter(
        ([, { protocol, hostPort }]) => protocol !== 'tcp' || hostPort !== sshPort,
      );
      for (const [id, forward] of present)
        if (!wanted.some((port) => isFor(forward, port))) await removeForward(apiSocket, id);
      const bound: GuestPort[] = [];
      const taken: GuestPort[] = [];
      for (const port of wanted) {
        const is =
          present.some(([, forward]) => isFor(forward, port)) || (await bind(apiSocket, address, port));
        (is ? bound : taken).push(port);
      }
      return { bound, taken };
    },
  };
}

function isFor({ protocol, hostPort, guestPort }: Forward, wanted: GuestPort): boolean {
  return protocol === wanted.protocol && hostPort === wanted.port && guestPort === wanted.port;
}

/** @returns whether nobody else has it */
async function bind(apiSocket: string, hostAddress: string, { protocol, port }: GuestPort): Promise<boolean> {
  try {
    await addForward(apiSocket, { protocol, hostAddress, hostPort: port, guestPort: port });
    return true;
  } catch (error) {
    if (error instanceof BangerError && error.code === 'InUse') return false;
    throw error;
  }
}
