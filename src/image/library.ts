import { BangerError } from '../common/errors.ts';
import type { Work } from '../common/work.ts';
import type { KernelLibrary } from '../kernel/library.ts';
import { deleteArtifact, type ImageRecord, insertImage, readImages } from '../store/artifacts.ts';
import type { Store } from '../store/database.ts';
import { Library } from '../store/library.ts';
import { readVms } from '../store/vms.ts';
import { findImageRecipe, imageRecipes } from './catalog.ts';
import { makeImage } from './make.ts';

/** The images of this user. */
export class ImageLibrary extends Library<ImageRecord> {
  readonly #kernels: KernelLibrary;

  constructor(store: Store, directory: string, kernels: KernelLibrary) {
    super(store, directory);
    this.#kernels = kernels;
  }

  list(): ImageRecord[] {
    return readImages(this.store);
  }

  protected recipe(name: string): ((work: Work) => Promise<ImageRecord>) | undefined {
    const recipe = findImageRecipe(name);
    if (!recipe) return undefined;
    return async (work) => {
      await this.#kernels.ensure(recipe.kernel, work);
      const manifest = await makeImage(recipe, this.directory, work);
      const { id, distribution, architecture, kernel, size, digest, createdAt } = manifest;
      const image = { id, name, kernel, distribution, architecture, size, digest, createdAt, current: 1 };
      insertImage(this.store, image);
      return image;
    };
  }

  protected missing(reference: string): BangerError {
    const known = imageRecipes.map((recipe) => recipe.name).join(', ');
    return new BangerError('NoSuchImage', `no image ${JSON.stringify(reference)}; the catalog has: ${known}`);
  }

  protected userOf(image: ImageRecord): string | undefined {
    const vm = readVms(this.store).find((candidate) => candidate.imageId === image.id);
    return vm && `the VM ${vm.name}`;
  }

  protected forget(image: ImageRecord): void {
    deleteArtifact(this.store, 'images', image.id);
  }
}
