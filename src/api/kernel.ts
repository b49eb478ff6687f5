import type { Implementation } from '../bus/server.ts';
import type { KernelLibrary } from '../kernel/library.ts';
import type { KernelRecord } from '../store/artifacts.ts';

/** org.banger.Kernel1 */
export function kernelObject(
  kernels: KernelLibrary,
  kernel: KernelRecord,
): Implementation<'org.banger.Kernel1'> {
  return {
    methods: {
      Delete: () => kernels.delete(kernel.id),
    },
    properties: {
      Id: () => kernel.id,
      Name: () => kernel.name,
      Release: () => kernel.release,
      Size: () => kernel.size,
      Digest: () => kernel.digest,
      CreatedAt: () => kernel.createdAt,
    },
  };
}
