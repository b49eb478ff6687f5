import { join } from 'node:path';
import { hostKeyAlias, type SshConnection } from '../common/ssh.ts';
import type { VmRecord } from '../store/vms.ts';
import type { VmContext } from './context.ts';
import type { VmFiles } from './vm.ts';

/** Where clients of the user's may share one ssh connection to a VM; it is gone with the VM's run. */
export function controlPathOf(files: VmFiles): string {
  return join(files.runtime, 'ssh.sock');
}

/** How to reach a VM by ssh. @throws NoSuchVM, NotRunning */
export async function connectionOf(context: VmContext): Promise<SshConnection> {
  const vm = context.host.vms.getRunning(context.id);
  const { privateKeyFile } = await context.host.userKey();
  return connectionTo(vm, context.files, privateKeyFile);
}

/** How ssh reaches a VM while it runs. */
export function connectionTo(vm: VmRecord, files: VmFiles, identityFile: string): SshConnection {
  return {
    host: vm.address,
    port: vm.sshPort,
    user: 'root',
    identityFile,
    knownHostsFile: files.knownHosts,
    hostKeyAlias: hostKeyAlias(vm.id),
  };
}
