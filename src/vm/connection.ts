import type { VmContext } from './context.ts';
import { unitOf } from './vm.ts';

/** What an ssh client needs to reach a running VM. */
export interface SshConnection {
  host: string;
  port: number;
  user: string;
  identityFile: string;
  knownHostsFile: string;
  /** The name under which the VM's host key is known. */
  hostKeyAlias: string;
}

/** How to reach a VM by ssh. @throws NoSuchVM, NotRunning */
export async function connectionOf(context: VmContext): Promise<SshConnection> {
  const { address, sshPort } = context.host.vms.getRunning(context.id);
  const { identityFile } = await context.host.userKey();
  return {
    host: address,
    port: sshPort,
    user: 'root',
    identityFile,
    knownHostsFile: context.files.knownHosts,
    hostKeyAlias: unitOf(context.id),
  };
}
