import type { Run, Vm } from '../../src/store/vm.ts';

/** A VM that is stopped unless something else is given. */
export function makeVm(given: Partial<Vm> = {}): Vm {
  return {
    id: 'a123456789',
    name: 'web',
    image: 'debian-bookworm',
    imageId: undefined,
    kernelId: undefined,
    vcpus: 2,
    memoryBytes: 2 ** 30,
    diskBytes: 2 ** 33,
    vmm: 'qemu',
    createdAt: 1,
    owner: undefined,
    operation: undefined,
    run: undefined,
    ssh: undefined,
    wantedNetwork: 'auto',
    nat: true,
    reasons: {},
    lastError: undefined,
    warnings: [],
    ...given,
  };
}

/** The run of a VM whose program nobody asks for. */
export const someRun: Run = {
  program: { kind: 'process', pid: 1, startTime: 1, bootId: 'none', mark: 'none' },
};
