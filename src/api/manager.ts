import type { ChangingOf } from '../bus/interfaces.ts';
import { toRow } from '../bus/rows.ts';
import type { Implementation } from '../bus/server.ts';
import { startJob } from '../vm/operation/jobs.ts';
import { getVmState } from '../vm/operation/state.ts';
import { imagePath, jobPath, kernelPath, vmPath } from './paths.ts';
import type { Services } from './services.ts';

/** What this daemon can do beyond the plain contract, by the words clients may look for. */
export const features: readonly string[] = ['network-user', 'vmm-firecracker', 'vmm-qemu', 'workspace'];

/** Subscribes to the changes of each property that changes. */
export function changesOfManager({ daemon }: Services): {
  readonly [P in ChangingOf<'org.banger.Manager1'>]: (listener: () => void) => void;
} {
  return { LogLevel: daemon.onLogLevel };
}

/** org.banger.Manager1 */
export function managerObject(services: Services): Implementation<'org.banger.Manager1'> {
  const { vms, operations, images, kernels, jobs, daemon } = services;
  return {
    methods: {
      CreateVM: async (caller, name, options) => {
        const { vm, job } = await operations.create({
          name,
          image: options.image,
          vcpus: options.vcpus,
          memoryBytes: options.memory,
          diskBytes: options.disk_size,
          network: options.network,
          nat: options.nat,
          start: options.start ?? true,
          owner: options.ephemeral ? services.ownerOf(caller.sender) : undefined,
        });
        return [vmPath(vm), jobPath(job)];
      },
      GetVM: (_caller, ref) => vmPath(vms.get(ref)),
      ListVMs: () =>
        vms.list().map((vm) =>
          toRow('org.banger.Manager1', 'ListVMs', {
            path: vmPath(vm),
            name: vm.name,
            id: vm.id,
            state: getVmState(vm),
            image: vm.image,
            vcpus: vm.vcpus,
            memory: vm.memoryBytes,
            disk_size: vm.diskBytes,
            address: vm.ssh?.address ?? '',
            created_at: vm.createdAt,
          }),
        ),
      GetImage: (_caller, ref) => imagePath(images.get(ref)),
      ListImages: () =>
        images.list().map(({ id, name, kernel, size, createdAt }) =>
          toRow('org.banger.Manager1', 'ListImages', {
            path: imagePath({ id }),
            name,
            id,
            kernel,
            size,
            created_at: createdAt,
          }),
        ),
      PullImage: async (_caller, name) => {
        await images.expect(name);
        const job = startJob(jobs, 'pull-image', { kind: 'none', id: '' }, async (work) => {
          await images.ensure(name, work);
        });
        return jobPath(job);
      },
      GetKernel: (_caller, ref) => kernelPath(kernels.get(ref)),
      ListKernels: () =>
        kernels.list().map(({ id, name, release, size, createdAt }) =>
          toRow('org.banger.Manager1', 'ListKernels', {
            path: kernelPath({ id }),
            name,
            id,
            release,
            size,
            created_at: createdAt,
          }),
        ),
      PullKernel: async (_caller, name) => {
        await kernels.expect(name);
        const job = startJob(jobs, 'pull-kernel', { kind: 'none', id: '' }, async (work) => {
          await kernels.ensure(name, work);
        });
        return jobPath(job);
      },
      Doctor: async () =>
        (await services.doctor()).map((found) => toRow('org.banger.Manager1', 'Doctor', found)),
      DaemonStatus: () => daemon.status(),
      Quit: () => daemon.quit(),
    },
    properties: {
      Version: () => daemon.version,
      Features: () => [...features],
      DNSAddress: () => daemon.dnsAddress(),
      LogLevel: () => daemon.logLevel(),
    },
    writable: { LogLevel: (level) => daemon.setLogLevel(level) },
  };
}
