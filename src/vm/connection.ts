import { join } from 'node:path';
import { hostKeyAlias, type SshConnection } from '../common/ssh.ts';
import type { VmContext } from './context.ts';
import type { VmFiles } from './vm.ts';

/** Where clients of the user's may share one ssh connection to a VM; it is gone with the VM's run. */
export function controlPathOf(files: VmFiles): string {
  return join(files.runtime, 'ssh.sock');
}

/** How to reach a VM by ssh. @throws NoSuchVM, NotRunning */
export async function connectionOf(context: VmContext): Promise<SshConnection> {
  const { address, sshPort } = context.host.vms.getRunning(context.id);
  const { privateKeyFile } = await context.host.userKey();
  return {
    host: address,
    port: sshPort,
    user: 'root',
    identityFile: privateKeyFile,
    knownHostsFile: context.files.knownHosts,
    hostKeyAlias: hostKeyAlias(context.id),
  };
}
