import { getMessage } from '../common/errors.ts';
import { attach, liveNetwork } from '../network/attach.ts';
import type { Attachment, LiveNetwork } from '../network/attachment.ts';
import { chooseNetwork, formatNetworkReason } from '../network/choose.ts';
import { enclosureObstacle } from '../network/enclosure.ts';
import { enclosureTools } from '../network/user.ts';
import { getVm, type Host, record, type VmContext } from './context.ts';
import { macAddress } from './identity.ts';
import { recordReason } from './reasons.ts';

/**
 * Picks the network of a VM that starts and connects the VM to it. Which it is is recorded before anything
 * is made, so that whoever ends the VM can give it back.
 * @throws HostNotReady, AccessDenied, Timeout
 */
export async function connectNetwork(context: VmContext): Promise<Attachment> {
  const { host, id, files } = context;
  const { wantedNetwork, nat, ssh } = getVm(context);
  const { hostDirectory, runtimeDirectory, bridge } = host;
  const choice = await chooseNetwork(wantedNetwork, {
    bridge,
    enclosureObstacle: () => enclosureObstacle(enclosureTools(hostDirectory), runtimeDirectory),
  });
  record(context, { run: { network: choice.mode } });
  recordReason(context, 'network', formatNetworkReason(choice));
  if (choice.obstacle) host.log.warn({ vm: id }, `its network is not confined: ${choice.obstacle.problem}`);
  const taken = () =>
    new Set(host.vms.list().flatMap((vm) => (vm.id === id || !vm.ssh ? [] : [vm.ssh.address])));
  const request = {
    ...{
      id,
      mac: macAddress(id),
      nat,
      reach: await host.reach(),
      former: ssh,
    },
    ...{ hostDirectory, runtimeDirectory, vmRuntimeDirectory: files.runtime },
    taken,
    claim: (end: { address: string; port: number }) => {
      if (taken().has(end.address)) return false;
      record(context, { ssh: { address: end.address, port: end.port } });
      return true;
    },
  };
  return await attach(choice, request, bridge);
}

/**
 * Sees to it that a VM that is to be bridged can be, before it is made.
 * @throws HostNotReady with how to be allowed
 */
export async function expectBridge({ bridge }: Host, wanted: string): Promise<void> {
  if (wanted === 'bridge') await chooseNetwork(wanted, { bridge, enclosureObstacle: async () => undefined });
}

/** The network of a VM that is or was connected; nothing if it is not, or its means are gone. */
export function getLiveNetwork(context: VmContext): LiveNetwork | undefined {
  const { host, id, files } = context;
  const { run, ssh } = getVm(context);
  // Nothing is made before both are recorded.
  if (!run?.network || !ssh) return undefined;
  const vm = { id, mac: macAddress(id), ssh, mode: run.network, runtimeDirectory: files.runtime };
  return liveNetwork(vm, host.bridge);
}

/** Gives back what the host holds for the network of a VM whose VMM has ended. Nothing is thrown; failures are logged. */
export async function disconnectNetwork(context: VmContext): Promise<void> {
  await getLiveNetwork(context)
    ?.close()
    .catch((error: unknown) => {
      context.host.log.warn({ vm: context.id }, `its network was not given back: ${getMessage(error)}`);
    });
}
