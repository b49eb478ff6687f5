import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { findProgram } from '../common/find-program.ts';
import {
  chooseHostEnd,
  choosePort,
  guestNetwork,
  type HostEnd,
  isOfUserMode,
  kernelNetworkWords,
} from './addresses.ts';
import type { Attachment, AttachmentRequest, LiveNetwork, NetworkMode } from './attachment.ts';
import type { NetworkChoice } from './choose.ts';
import { type EnclosureTools, enclose, enclosedTap, slirpSocket } from './enclosure.ts';
import { addForward } from './forwards.ts';
import { namespaceSocket, tellNamespace } from './namespace.ts';
import { enclosedForwards } from './port-forwards.ts';

const guestSshPort = 22;

/**
 * Connects a VM without privilege: in a namespace of its own, or where that is not to be had by QEMU's own
 * user network.
 * @param choice whose mode is none of the bridge's
 * @throws HostNotReady if no address is to be had
 */
export async function attachUser(choice: NetworkChoice, request: AttachmentRequest): Promise<Attachment> {
  const ssh = await claimHostEnd(request);
  const isConnected = choice.mode !== 'none';
  const words = (nameServers?: readonly string[]) => kernelNetworkWords(isConnected, nameServers);
  const tools = enclosureTools(request.hostDirectory);
  if (choice.obstacle !== undefined || !tools) return unconfined(choice.mode, request, ssh, words);
  const runtimeDirectory = request.vmRuntimeDirectory;
  return {
    ...liveUser({ mode: choice.mode, ssh, runtimeDirectory }),
    ssh,
    network: { kind: 'tap', name: enclosedTap, mac: request.mac },
    guestWords: words,
    wrap: (program) =>
      enclose(program, tools, {
        runtimeDirectory,
        allowLan: request.reach.lan,
        nat: isConnected && request.nat,
      }),
    open: async () => {
      await addForward(slirpSocket(runtimeDirectory), {
        protocol: 'tcp',
        hostAddress: ssh.address,
        hostPort: ssh.port,
        guestPort: guestSshPort,
      });
    },
  };
}

/** The network of a VM in one of these modes that was attached, by this daemon or one before it. */
export function liveUser(vm: { mode: NetworkMode; ssh: HostEnd; runtimeDirectory: string }): LiveNetwork {
  const { mode, ssh, runtimeDirectory } = vm;
  return {
    mode,
    ...(mode === 'user' && {
      forwards: enclosedForwards(runtimeDirectory, ssh),
      deny: async (network: string) => {
        await tellNamespace(namespaceSocket(runtimeDirectory), `deny ${network}`);
      },
    }),
    setNat: async (on) => {
      if (mode !== 'user') throw onlyWhenStarted(mode);
      await tellNamespace(namespaceSocket(runtimeDirectory), `nat ${on ? 'on' : 'off'}`);
    },
    // All of it ends with the VMM.
    close: async () => undefined,
  };
}

function unconfined(
  mode: NetworkMode,
  { mac, nat }: AttachmentRequest,
  ssh: HostEnd,
  words: Attachment['guestWords'],
): Attachment {
  return {
    mode,
    setNat: () => Promise.reject(onlyWhenStarted(mode)),
    close: async () => undefined,
    ssh,
    network: {
      kind: 'qemu-user',
      mac,
      guestAddress: guestNetwork.address,
      restricted: mode === 'none' || !nat,
      forward: { ...ssh, guestPort: guestSshPort },
    },
    guestWords: words,
    wrap: (program) => program,
    // QEMU was given the forward with its command line.
    open: async () => undefined,
  };
}

function onlyWhenStarted(mode: NetworkMode): BangerError {
  return mode === 'none'
    ? new BangerError('NotSupported', 'a VM with the network none has no way out that could be opened', {
        remedy: 'make another VM',
      })
    : new BangerError('NotSupported', "QEMU's own user network cannot be switched while the VM runs", {
        remedy: 'restart the VM',
      });
}

/** A VM keeps its address for good, and its port while nobody else takes it. */
async function claimHostEnd({ former, taken, claim }: AttachmentRequest): Promise<HostEnd> {
  if (former && isOfUserMode(former.address)) {
    const ssh = { address: former.address, port: await choosePort(former.address, former.port) };
    if (claim(ssh)) return ssh;
  }
  for (;;) {
    const ssh = await chooseHostEnd(taken());
    if (claim(ssh)) return ssh;
  }
}

/** The programs that confine a VM's network, if they are all here. */
export function enclosureTools(hostDirectory: string): EnclosureTools | undefined {
  const slirp4netns = findProgram('slirp4netns');
  return slirp4netns === undefined
    ? undefined
    : { netnsExec: join(hostDirectory, 'netns-exec'), slirp4netns };
}
