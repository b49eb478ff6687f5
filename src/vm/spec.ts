import { BangerError } from '../common/errors.ts';
import { vmLimits } from '../config/vm-limits.ts';
import { type WantedNetwork, wantedNetworks } from '../network/attachment.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

/** The overlay of the image is never smaller than this, however small the work disk. */
const minSystemDiskBytes = 8 * GiB;

/** What a new VM is asked to be; what is absent comes from the configuration. */
export interface VmRequest {
  /** Empty picks a name. */
  name: string;
  image?: string | undefined;
  vcpus?: number | undefined;
  memoryBytes?: number | undefined;
  diskBytes?: number | undefined;
  network?: string | undefined;
  nat?: boolean | undefined;
  /** Whether to start it once it is made. */
  start: boolean;
  /** The client that the VM goes with. */
  owner?: string | undefined;
}

/** The size of a VM. */
export interface VmSize {
  vcpus: number;
  memoryBytes: number;
  diskBytes: number;
}

/** What can be changed of a VM. */
export interface VmSettings extends VmSize {
  nat: boolean;
}

/** What a VM is to become; what is absent stays. */
export type VmChange = { [Key in keyof VmSettings]?: VmSettings[Key] | undefined };

/** Checks the size of a VM and rounds it to what the devices need. @throws InvalidArgs */
export function checkSize(size: VmSize): VmSize {
  within('vcpus', size.vcpus, vmLimits.vcpus, String);
  within('memory', size.memoryBytes, vmLimits.memoryBytes, inMiB);
  within('disk size', size.diskBytes, vmLimits.diskBytes, inMiB);
  return {
    vcpus: size.vcpus,
    memoryBytes: Math.ceil(size.memoryBytes / MiB) * MiB,
    diskBytes: Math.ceil(size.diskBytes / MiB) * MiB,
  };
}

/**
 * Checks the network that a VM is asked to have.
 * @param nat whether it is to reach the outside, if anybody said
 * @throws InvalidArgs
 */
export function checkNetwork(network: string, nat: boolean | undefined): NetworkNeeds {
  const wantedNetwork = wantedNetworks.find((known) => known === network);
  if (wantedNetwork === undefined) {
    const known = `${wantedNetworks.slice(0, -1).join(', ')} or ${wantedNetworks.at(-1)}`;
    throw new BangerError('InvalidArgs', `there is no network mode ${JSON.stringify(network)}`, {
      remedy: `give ${known}`,
    });
  }
  if (wantedNetwork === 'none' && nat === true) throw noNatWithoutNetwork();
  return { wantedNetwork, nat: nat ?? wantedNetwork !== 'none' };
}

/** The network that a VM is asked to have, and whether it reaches the outside by it. */
export interface NetworkNeeds {
  wantedNetwork: WantedNetwork;
  nat: boolean;
}

/** Explains why a VM without a network cannot have NAT. */
export function noNatWithoutNetwork(): BangerError {
  return new BangerError('InvalidArgs', 'a VM with the network none reaches nothing outside', {
    remedy: 'leave NAT off, or use another network',
  });
}

/** The size of the system overlay: it grows along with the work disk. */
export function systemDiskBytes(diskBytes: number): number {
  return Math.max(diskBytes, minSystemDiskBytes);
}

function within(
  what: string,
  value: number,
  range: { least: number; most: number },
  show: (value: number) => string,
): void {
  if (Number.isSafeInteger(value) && value >= range.least && value <= range.most) return;
  const bounds = `from ${show(range.least)} to ${show(range.most)}`;
  throw new BangerError('InvalidArgs', `${what} ${show(value)} is out of range`, {
    remedy: `give ${bounds}`,
  });
}

function inMiB(bytes: number): string {
  return `${bytes / MiB} MiB`;
}
