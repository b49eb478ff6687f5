import { join } from 'node:path';
import { findProgram } from '../common/find-program.ts';
import type { Program } from '../common/program.ts';
import type { NetworkInterface } from '../vmm/machine.ts';
import { guestNetwork, type HostEnd } from './addresses.ts';
import { type EnclosureTools, enclose, enclosedTap, enclosureObstacle, slirpSocket } from './enclosure.ts';
import { addForward } from './forwards.ts';

const guestSshPort = 22;

/** How one VM is connected in user mode. */
export interface Attachment {
  /** `user`: a namespace of its own. `user-unconfined`: QEMU's own network, by which guests see the host's loopback. */
  mode: 'user' | 'user-unconfined';
  /** Why it is not confined, for people. */
  obstacle?: string;
  network: NetworkInterface;
  /** The VMM's program as it must be started. */
  wrap(program: Program): Program;
  /** Opens the way to the guest's ssh, once the program runs. @throws InUse, GuestUnreachable, Timeout */
  open(): Promise<void>;
}

export interface AttachmentRequest {
  mac: string;
  hostEnd: HostEnd;
  /** The directory of banger's programs for this host. */
  hostDirectory: string;
  /** banger's own private directory, for findings about the host. */
  runtimeDirectory: string;
  /** The VM's. */
  vmRuntimeDirectory: string;
}

/** Connects a VM as well as this host allows. */
export async function attachUser(request: AttachmentRequest): Promise<Attachment> {
  const { mac, hostEnd } = request;
  const tools = enclosureTools(request.hostDirectory);
  const obstacle = await enclosureObstacle(tools, request.runtimeDirectory);
  if (obstacle !== undefined || !tools) {
    return {
      mode: 'user-unconfined',
      obstacle: obstacle ?? 'slirp4netns is not installed',
      network: {
        kind: 'qemu-user',
        mac,
        guestAddress: guestNetwork.address,
        forward: { ...hostEnd, guestPort: guestSshPort },
      },
      wrap: (program) => program,
      // QEMU was given the forward with its command line.
      open: async () => undefined,
    };
  }
  const runtimeDirectory = request.vmRuntimeDirectory;
  return {
    mode: 'user',
    network: { kind: 'tap', name: enclosedTap, mac },
    wrap: (program) => enclose(program, tools, { runtimeDirectory, allowLan: false }),
    open: async () => {
      await addForward(slirpSocket(runtimeDirectory), {
        protocol: 'tcp',
        hostAddress: hostEnd.address,
        hostPort: hostEnd.port,
        guestPort: guestSshPort,
      });
    },
  };
}

/** The programs that confine a VM's network, if they are all here. */
export function enclosureTools(hostDirectory: string): EnclosureTools | undefined {
  const slirp4netns = findProgram('slirp4netns');
  return slirp4netns === undefined
    ? undefined
    : { netnsExec: join(hostDirectory, 'netns-exec'), slirp4netns };
}
