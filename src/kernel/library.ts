import { BangerError } from '../common/errors.ts';
import type { Work } from '../common/work.ts';
import {
  deleteArtifact,
  insertKernel,
  type KernelRecord,
  readImages,
  readKernels,
} from '../store/artifacts.ts';
import { Library } from '../store/library.ts';
import { readVms } from '../store/vms.ts';
import { makeKernel } from './make.ts';
import { kernelRecipes } from './recipe.ts';

/** The kernels of this user. */
export class KernelLibrary extends Library<KernelRecord> {
  list(): KernelRecord[] {
    return readKernels(this.store);
  }

  protected async recipe(name: string): Promise<((work: Work) => Promise<KernelRecord>) | undefined> {
    const recipe = kernelRecipes.find((known) => known.name === name);
    if (!recipe) return undefined;
    return async (work) => {
      const { id, release, size, digest, createdAt } = await makeKernel(recipe, this.directory, work);
      const kernel = { id, name, release, size, digest, createdAt: Date.parse(createdAt) * 1000, current: 1 };
      insertKernel(this.store, kernel);
      return kernel;
    };
  }

  protected missing(reference: string): BangerError {
    const known = kernelRecipes.map((recipe) => recipe.name).join(', ');
    return new BangerError(
      'NoSuchKernel',
      `no kernel ${JSON.stringify(reference)}; the catalog has: ${known}`,
    );
  }

  protected userOf(kernel: KernelRecord): string | undefined {
    const vm = readVms(this.store).find((candidate) => candidate.kernelId === kernel.id);
    if (vm) return `the VM ${vm.name}`;
    const image = readImages(this.store).find(
      (candidate) => kernel.current === 1 && candidate.kernel === kernel.name,
    );
    return image && `the image ${image.name}`;
  }

  protected forget(kernel: KernelRecord): void {
    deleteArtifact(this.store, 'kernels', kernel.id);
  }
}
