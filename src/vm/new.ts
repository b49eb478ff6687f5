import type { Vm } from '../store/vm.ts';
import { newId } from './id.ts';
import { checkName, pickName } from './name.ts';
import type { VmRegistry } from './registry.ts';
import { checkNetwork, checkSize, type VmRequest, type VmSize } from './spec.ts';

/** What new VMs are when nobody says. */
export interface VmDefaults {
  image: string;
  size: VmSize;
  network: string;
}

/** The record of a VM that is to be made. @throws InvalidName, InvalidArgs */
export function newVm(request: VmRequest, { image, size, network }: VmDefaults, vms: VmRegistry): Vm {
  const isTaken = (name: string) => vms.list().some((vm) => vm.name === name);
  const name = request.name ? checkName(request.name) : pickName(isTaken);
  const { wantedNetwork, nat } = checkNetwork(request.network ?? network, request.nat);
  return {
    id: newId(),
    name,
    image: request.image ?? image,
    imageId: undefined,
    kernelId: undefined,
    ...checkSize({
      vcpus: request.vcpus ?? size.vcpus,
      memoryBytes: request.memoryBytes ?? size.memoryBytes,
      diskBytes: request.diskBytes ?? size.diskBytes,
    }),
    vmm: undefined,
    createdAt: Date.now() * 1000,
    owner: request.owner,
    operation: 'create',
    run: undefined,
    ssh: undefined,
    wantedNetwork,
    nat,
    reasons: {},
    lastError: undefined,
    warnings: [],
  };
}
