import { BangerError } from '../common/errors.ts';

/** How a kernel is made here from a distribution's package. */
export interface KernelRecipe {
  name: string;
  architecture: 'amd64';
  /** The Debian release it comes from. */
  suite: string;
  /** The package whose first dependency is the newest kernel. */
  metapackage: string;
}

/** The kernels that banger can make by name. */
export const kernelRecipes: readonly KernelRecipe[] = [
  {
    name: 'debian-bookworm',
    architecture: 'amd64',
    suite: 'bookworm',
    metapackage: 'linux-image-cloud-amd64',
  },
];

/** @throws NoSuchKernel */
export function kernelRecipe(name: string): KernelRecipe {
  const recipe = kernelRecipes.find((candidate) => candidate.name === name);
  if (recipe) return recipe;
  const known = kernelRecipes.map((candidate) => candidate.name).join(', ');
  throw new BangerError('NoSuchKernel', `no kernel is called ${name}`, {
    remedy: `those that can be made are: ${known}`,
  });
}
