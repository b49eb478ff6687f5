import type { VmRecord } from '../../src/store/vms.ts';

/** The record of a stopped VM. */
export function vmRecord(given: Partial<VmRecord> = {}): VmRecord {
  return {
    id: 'a123456789',
    name: 'web',
    image: 'debian-bookworm',
    imageId: null,
    kernelId: null,
    vcpus: 2,
    memoryBytes: 2 ** 30,
    diskBytes: 2 ** 33,
    vmm: 'qemu',
    createdAt: 1,
    owner: null,
    operation: null,
    supervised: null,
    startedAt: 0,
    address: '',
    sshPort: 0,
    wantedNetwork: 'auto',
    network: '',
    nat: 1,
    reasons: '{}',
    accelerator: '',
    lastError: '',
    warnings: '[]',
    ...given,
  };
}
