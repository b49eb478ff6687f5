import { Library, parseManifestRecord, readManifestText } from '../artifact/library.ts';
import { removeUnfinished } from '../artifact/making.ts';
import { BangerError } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import {
  deleteArtifact,
  insertKernel,
  type KernelRecord,
  readImages,
  readKernels,
} from '../store/artifacts.ts';
import { readVms } from '../store/vms.ts';
import type { Work } from '../work/work.ts';
import { makeKernel } from './make.ts';
import { kernelRecipes } from './recipe.ts';

/** The kernels of this user. */
export class KernelLibrary extends Library<KernelRecord> {
  /** What is recorded, until it changes: every VM tells the name of its kernel. */
  #recorded: KernelRecord[] | undefined;

  list(): KernelRecord[] {
    this.#recorded ??= readKernels(this.store);
    return [...this.#recorded];
  }

  protected async recipe(name: string): Promise<((work: Work) => Promise<KernelRecord>) | undefined> {
    const recipe = kernelRecipes.find((known) => known.name === name);
    if (!recipe) return undefined;
    return async (work) => {
      const { id } = await makeKernel(recipe, this.shelf(), work);
      return this.get(id);
    };
  }

  protected missing(reference: string): BangerError {
    const known = kernelRecipes.map((recipe) => recipe.name).join(', ');
    return new BangerError('NoSuchKernel', `no kernel ${JSON.stringify(reference)}`, {
      remedy: `the catalog has: ${known}`,
    });
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
    this.#recorded = undefined;
    deleteArtifact(this.store, 'kernels', kernel.id);
  }

  protected async removeUnfinished(log: Log): Promise<void> {
    await removeUnfinished(this.directory, log);
  }

  protected adopt(manifest: Readonly<Record<string, unknown>>): void {
    this.#recorded = undefined;
    insertKernel(this.store, {
      ...parseManifestRecord(manifest),
      release: readManifestText(manifest, 'release'),
    });
  }
}
