import { BangerError, getMessage } from '../common/errors.ts';
import type { AcceleratorChoice } from './accelerator.ts';
import type { Driver } from './machine.ts';

/** What a VM has that decides on its VMM. */
export interface VmmNeeds {
  /** The one it had; a VM keeps it. */
  kept?: Driver['name'] | undefined;
  /** Why it can only run in QEMU, if that is so. */
  needsQemu?: string | undefined;
}

/** What this host has for VMMs. */
export interface VmmMeans {
  /** Checks whether guests run under KVM. */
  kvm(): Promise<AcceleratorChoice>;
  /** The version of its Firecracker. @throws HostNotReady if there is none that banger can use */
  firecracker(): Promise<string>;
}

export interface VmmPick {
  vmm: Driver['name'];
  /** Why this one, for people: one sentence without its full stop. */
  reason: string;
}

/**
 * Picks the VMM of a VM that starts: the one it had, else the one that is configured, which `auto` leaves to the host:
 * Firecracker where KVM works, else QEMU.
 * @throws HostNotReady if it has to be Firecracker and cannot be
 */
export async function pickVmm(
  configured: 'auto' | Driver['name'],
  { kept, needsQemu }: VmmNeeds,
  means: VmmMeans,
): Promise<VmmPick> {
  const wanted = kept ?? configured;
  const why = kept ? 'it had it before' : `the configuration has vmm = "${wanted}"`;
  if (wanted === 'firecracker') {
    if (needsQemu) throw new BangerError('HostNotReady', `the VM cannot run in Firecracker: ${needsQemu}`);
    // Whoever insists hears from Firecracker itself what is in its way, such as KVM.
    return { vmm: wanted, reason: `${why}; version ${await means.firecracker()}` };
  }
  const kvm = await means.kvm();
  const told = `KVM is ${kvm.accelerator === 'kvm' ? '' : 'not '}used because ${kvm.reason}`;
  if (wanted === 'qemu') return { vmm: wanted, reason: `${why}; ${told}` };
  if (kvm.accelerator !== 'kvm') return { vmm: 'qemu', reason: told };
  if (needsQemu) return { vmm: 'qemu', reason: needsQemu };
  try {
    return { vmm: 'firecracker', reason: `KVM works; version ${await means.firecracker()}` };
  } catch (error) {
    if (!(error instanceof BangerError) || error.code !== 'HostNotReady') throw error;
    return { vmm: 'qemu', reason: `KVM works, but there is no Firecracker: ${getMessage(error)}` };
  }
}
