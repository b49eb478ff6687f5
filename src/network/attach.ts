import type { HostEnd } from './addresses.ts';
import type { Attachment, AttachmentRequest, BridgeNetwork, LiveNetwork, NetworkMode } from './attachment.ts';
import type { NetworkChoice } from './choose.ts';
import { attachUser, liveUser } from './user.ts';

/** Connects a VM in the way that was chosen for it. @throws HostNotReady, AccessDenied, Timeout */
export async function attach(
  choice: NetworkChoice,
  request: AttachmentRequest,
  bridge: BridgeNetwork | undefined,
): Promise<Attachment> {
  return choice.mode === 'bridge' && bridge ? bridge.attach(request) : attachUser(choice, request);
}

/** A VM that was attached. */
export interface AttachedVm {
  id: string;
  mac: string;
  /** Where its ssh is found. */
  ssh: HostEnd;
  mode: NetworkMode;
  runtimeDirectory: string;
}

/**
 * The network of a VM that was attached, by this daemon or one before it.
 * @returns nothing if it is bridged and there is no banger-netd any more
 */
export function liveNetwork(vm: AttachedVm, bridge: BridgeNetwork | undefined): LiveNetwork | undefined {
  const { id, mac, ssh } = vm;
  return vm.mode === 'bridge' ? bridge?.live({ id, mac, address: ssh.address }) : liveUser(vm);
}
