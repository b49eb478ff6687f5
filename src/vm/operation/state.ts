import type { Vm } from '../../store/vm.ts';
import { type Operation, operationKinds, operations, type VmState } from './table.ts';

/** What a VM is doing, told from what is recorded about it. */
export function getVmState(vm: Vm): VmState {
  const during = recordedOperation(vm)?.state;
  if (during) return during;
  if (vm.run?.program) return vm.run.isFrozen ? 'frozen' : 'running';
  return vm.lastError === undefined ? 'stopped' : 'failed';
}

/** The operation that is recorded of a VM; nothing for a word that this version does not know. */
export function recordedOperation({ operation }: Vm): Operation<VmState> | undefined {
  const kind = operationKinds.find((known) => known === operation);
  return kind && operations[kind];
}
