import type { Obstacle } from '../common/errors.ts';
import type { Program } from '../common/program.ts';
import type { NetworkInterface } from '../vmm/machine.ts';
import type { HostEnd } from './addresses.ts';
import type { Drops } from './grants.ts';
import type { PortForwards } from './port-forwards.ts';

/** What a VM may be asked to have for a network. */
export const wantedNetworks = ['auto', 'user', 'bridge', 'none'] as const;
export type WantedNetwork = (typeof wantedNetworks)[number];

/**
 * What a VM has: `user`, a namespace of its own; `user-unconfined`, QEMU's own user network, by which guests
 * see the host's loopback; `bridge`, a tap of banger-netd's; `none`, ssh and the agent and nothing else.
 */
export const networkModes = ['user', 'user-unconfined', 'bridge', 'none'] as const;
export type NetworkMode = (typeof networkModes)[number];

/** The network of a VM that was attached, by this daemon or one before it. Handles are cheap and hold nothing. */
export interface LiveNetwork {
  readonly mode: NetworkMode;
  /**
   * Lets the guest reach the outside, or nothing but those who connect to it.
   * @throws NotSupported where that needs a new start, HostNotReady, Timeout
   */
  setNat(on: boolean): Promise<void>;
  /** Gives back what the host holds for the VM, such as a tap, once its VMM has ended. May be called again. */
  close(): Promise<void>;
  /** How the guest's ports come to the host; absent where its own address is reached, and where they do not. */
  readonly forwards?: PortForwards;
  /**
   * Denies the guest one more network; absent where that is seen to elsewhere.
   * @throws HostNotReady, Timeout
   */
  deny?(network: string): Promise<void>;
}

/** How one VM is connected for one run. */
export interface Attachment extends LiveNetwork {
  /** Where the host reaches the guest's ssh. */
  ssh: HostEnd;
  network: NetworkInterface;
  /**
   * The words on the kernel command line by which the guest's initrd sets up its network.
   * @param nameServers instead of the network's own
   */
  guestWords(nameServers?: readonly string[]): string[];
  /** The VMM's program as it must be started. */
  wrap(program: Program): Program;
  /** Opens the way to the guest's ssh, once the program runs. @throws InUse, GuestUnreachable, Timeout */
  open(): Promise<void>;
}

/** What a guest reaches beyond the outside. */
export interface Reach {
  /** Private networks, the host's LAN among them. */
  lan: boolean;
  /** The user's other guests that have this, too; in bridged mode alone. */
  peers: boolean;
}

export interface AttachmentRequest {
  /** The VM's. */
  id: string;
  mac: string;
  /** Whether the guest reaches the outside from the beginning. */
  nat: boolean;
  reach: Reach;
  /** Where its ssh was found last, in whichever mode; absent before the first start. */
  former: HostEnd | undefined;
  /** The addresses that other VMs of this user have, also stopped ones. */
  taken(): ReadonlySet<string>;
  /**
   * Records where ssh is found, before anything is made for it.
   * @returns false if another VM was given that address in the meantime
   */
  claim(end: HostEnd): boolean;
  /** The directory of banger's programs for this host. */
  hostDirectory: string;
  /** banger's own private directory, for findings about the host. */
  runtimeDirectory: string;
  /** The VM's. */
  vmRuntimeDirectory: string;
}

/** Bridged mode, as banger-netd grants it. */
export interface BridgeNetwork {
  /**
   * Explains why VMs of this user cannot be bridged; nothing if they can. Asks nobody for a password.
   * @param wanted `auto` if it was not asked for
   */
  obstacle(wanted: 'auto' | 'bridge'): Promise<Obstacle | undefined>;
  /** What other programs' packet filters drop of VMs that are bridged. @throws HostNotReady, AccessDenied, Timeout */
  findDrops(): Promise<Drops>;
  /** Connects a VM for one run. @throws HostNotReady, AccessDenied, Timeout */
  attach(request: AttachmentRequest): Promise<Attachment>;
  /** The network of a VM that was attached, by this daemon or one before it. */
  live(vm: { id: string; mac: string; address: string }): LiveNetwork;
}
