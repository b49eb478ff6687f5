import type { VmRecord } from '../../store/vms.ts';
import { operations, type VmState } from './table.ts';

/** What a VM is doing, told from what is recorded about it. */
export function stateOf(vm: VmRecord): VmState {
  const during = vm.operation && operations[vm.operation].state;
  if (during) return during;
  if (vm.supervised) return 'running';
  return vm.lastError ? 'failed' : 'stopped';
}
