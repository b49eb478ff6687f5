import { newId } from '../common/id.ts';
import type { VmRecord } from '../store/vms.ts';
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
export function newVm(request: VmRequest, { image, size, network }: VmDefaults, vms: VmRegistry): VmRecord {
  const isTaken = (name: string) => vms.list().some((vm) => vm.name === name);
  const name = request.name ? checkName(request.name) : pickName(isTaken);
  const { wantedNetwork, nat } = checkNetwork(request.network ?? network, request.nat);
  return {
    id: newId(),
    name,
    image: request.image ?? image,
    imageId: null,
    kernelId: null,
    ...checkSize({
      vcpus: request.vcpus ?? size.vcpus,
      memoryBytes: request.memoryBytes ?? size.memoryBytes,
      diskBytes: request.diskBytes ?? size.diskBytes,
    }),
    vmm: '',
    createdAt: Date.now() * 1000,
    owner: request.owner ?? null,
    operation: 'create',
    supervised: null,
    startedAt: 0,
    address: '',
    sshPort: 0,
    wantedNetwork,
    network: '',
    nat: Number(nat),
    reasons: '{}',
    accelerator: '',
    lastError: '',
    warnings: '[]',
  };
}
