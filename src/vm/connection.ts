import { join } from 'node:path';
import { hostKeyAlias } from '../ssh/known-hosts.ts';
import type { SshConnection } from '../ssh/options.ts';
import type { Vm } from '../store/vm.ts';
import type { VmContext } from './context.ts';
import type { VmFiles } from './vm.ts';

/** A VM whose ssh has its place on the host. */
export type ReachableVm = Vm & { ssh: NonNullable<Vm['ssh']> };

export function isReachable(vm: Vm): vm is ReachableVm {
  return vm.ssh !== undefined;
}

/** Finds where clients of the user's may share one ssh connection to a VM; it is gone with the VM's run. */
export function getControlPath(files: VmFiles): string {
  return join(files.runtime, 'ssh.sock');
}

/** How to reach a VM by ssh. @throws NoSuchVM, NotRunning */
export async function getSshConnection(context: VmContext): Promise<SshConnection> {
  const vm = context.host.vms.getRunning(context.id);
  if (!isReachable(vm)) throw new Error(`${vm.name} runs without an address`);
  const { privateKeyFile } = await context.host.userKey();
  return connectionTo(vm, context.files, privateKeyFile);
}

/** How ssh reaches a VM while it runs. */
export function connectionTo({ id, ssh }: ReachableVm, files: VmFiles, identityFile: string): SshConnection {
  return {
    host: ssh.address,
    port: ssh.port,
    user: 'root',
    identityFile,
    knownHostsFile: files.knownHosts,
    hostKeyAlias: hostKeyAlias(id),
  };
}
