import { Library, parseManifestRecord, readManifestText } from '../artifact/library.ts';
import { BangerError } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { JobRunner } from '../job/runner.ts';
import type { KernelLibrary } from '../kernel/library.ts';
import { deleteArtifact, type ImageRecord, insertImage, readImages } from '../store/artifacts.ts';
import type { Store } from '../store/database.ts';
import { readVms } from '../store/vms.ts';
import type { Work } from '../work/work.ts';
import { makeImage, removeUnfinishedImages, requireImagePrograms } from './make.ts';
import { imageRecipe } from './recipe.ts';

/** The images of this user. */
export class ImageLibrary extends Library<ImageRecord> {
  readonly #kernels: KernelLibrary;
  readonly #recipes: string;
  readonly #runner: JobRunner;

  /** @param recipes the directory of the recipes that come with banger */
  constructor(store: Store, directory: string, recipes: string, kernels: KernelLibrary, runner: JobRunner) {
    super(store, directory);
    this.#recipes = recipes;
    this.#kernels = kernels;
    this.#runner = runner;
  }

  list(): ImageRecord[] {
    return readImages(this.store);
  }

  protected async recipe(name: string): Promise<((work: Work) => Promise<ImageRecord>) | undefined> {
    const recipe = await imageRecipe(this.#recipes, name).catch((error: unknown) => {
      if (error instanceof BangerError && error.code === 'NoSuchImage') return undefined;
      throw error;
    });
    if (!recipe) return undefined;
    return async (work) => {
      requireImagePrograms();
      await this.#kernels.ensure(recipe.kernel, work);
      const { id } = await makeImage(recipe, this.shelf(), this.#runner, work);
      return this.get(id);
    };
  }

  protected missing(reference: string): BangerError {
    return new BangerError(
      'NoSuchImage',
      `no image ${JSON.stringify(reference)} and no recipe of that name`,
      { remedy: '`banger image list` shows those there are' },
    );
  }

  protected userOf(image: ImageRecord): string | undefined {
    const vm = readVms(this.store).find((candidate) => candidate.imageId === image.id);
    return vm && `the VM ${vm.name}`;
  }

  protected forget(image: ImageRecord): void {
    deleteArtifact(this.store, 'images', image.id);
  }

  protected async removeUnfinished(log: Log): Promise<void> {
    await removeUnfinishedImages(this.directory, this.#runner, log);
  }

  protected adopt(manifest: Readonly<Record<string, unknown>>): void {
    const text = (key: string) => readManifestText(manifest, key);
    insertImage(this.store, {
      ...parseManifestRecord(manifest),
      kernel: text('kernel'),
      distribution: text('distribution'),
      architecture: text('architecture'),
    });
  }
}
