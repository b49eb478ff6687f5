import { userLabel } from '../common/user-label.ts';
import type { NameTable } from '../network/dns/zone.ts';
import { getVmState } from './operation/state.ts';
import type { VmRegistry } from './registry.ts';

/**
 * The names of running VMs, below `vm.` and below `USER.vm.`.
 * @param username whose VMs they are
 */
export function makeNameTable(vms: Pick<VmRegistry, 'list'>, username: string): NameTable {
  const user = userLabel(username);
  return {
    find([name, ...rest]) {
      if (rest.length > 1 || (rest.length === 1 && rest[0] !== user)) return undefined;
      const running = vms.list().filter((vm) => getVmState(vm) === 'running' && vm.ssh);
      const vm = running.find((one) => one.name === name);
      if (vm?.ssh) return [vm.ssh.address];
      // Without an address of its own, it leads to names below it.
      return rest.length === 0 && name === user && running.length > 0 ? [] : undefined;
    },
  };
}
