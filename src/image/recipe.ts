import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { BangerError, getSystemCode } from '../common/errors.ts';

/** A program that an npm package delivers into an image. */
export interface RecipeTool {
  package: string;
  /** In the package. */
  file: string;
  /** In the image. */
  target: string;
}

/** How an image is made here from a distribution's packages. */
export interface ImageRecipe {
  /** Holds recipe.toml, customize.sh (run in the new root) and files/ (copied over it). */
  directory: string;
  name: string;
  distribution: string;
  /** The release's codename. */
  suite: string;
  architecture: 'amd64';
  kernel: string;
  init: string;
  packages: readonly string[];
  tools: readonly RecipeTool[];
}

/** The recipes in a directory that has one directory for each. */
export async function imageRecipes(imagesDirectory: string): Promise<ImageRecipe[]> {
  const names = await readdir(imagesDirectory, { withFileTypes: true });
  const directories = names.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return await Promise.all(directories.sort().map((name) => imageRecipe(imagesDirectory, name)));
}

/** @throws NoSuchImage, InvalidConfig if the recipe is not sound */
export async function imageRecipe(imagesDirectory: string, name: string): Promise<ImageRecipe> {
  // A name is one directory's, so it fits there and leads nowhere else.
  if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(name)) throw noSuchImage(name);
  const directory = join(imagesDirectory, name);
  const path = join(directory, 'recipe.toml');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw getSystemCode(error) === 'ENOENT' ? noSuchImage(name) : error;
  });
  try {
    return parseRecipe(text, directory);
  } catch (error) {
    if (!(error instanceof TomlError || error instanceof TypeError)) throw error;
    throw new BangerError('InvalidConfig', `${path}: ${error.message}`, { cause: error });
  }
}

function parseRecipe(text: string, directory: string): ImageRecipe {
  const table = parse(text);
  const string = (from: Record<string, unknown>, key: string): string => {
    const value = from[key];
    if (typeof value !== 'string' || value === '') throw new TypeError(`${key} must be a string`);
    return value;
  };
  const list = (key: string): unknown[] => {
    const value = table[key] ?? [];
    if (!Array.isArray(value)) throw new TypeError(`${key} must be an array`);
    return value;
  };
  const architecture = string(table, 'architecture');
  if (architecture !== 'amd64') throw new TypeError(`architecture ${architecture} is not supported`);
  return {
    directory,
    name: string(table, 'name'),
    distribution: string(table, 'distribution'),
    suite: string(table, 'suite'),
    architecture,
    kernel: string(table, 'kernel'),
    init: string(table, 'init'),
    packages: list('packages').map((name) => {
      // They are joined by commas for mmdebstrap.
      if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9.+-]*$/.test(name)) {
        throw new TypeError(`packages has ${JSON.stringify(name)}, which is not the name of a package`);
      }
      return name;
    }),
    tools: list('tools').map((tool) => {
      if (typeof tool !== 'object' || tool === null) throw new TypeError('tools must be tables');
      const entries = Object.fromEntries(Object.entries(tool));
      return {
        package: string(entries, 'package'),
        file: string(entries, 'file'),
        target: string(entries, 'target'),
      };
    }),
  };
}

function noSuchImage(name: string): BangerError {
  return new BangerError('NoSuchImage', `there is no image ${name} and no recipe of that name`);
}
