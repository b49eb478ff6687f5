/** Which npm packages end up in the bundles. */
import type { Metafile } from 'esbuild';

/** The directory of the innermost package that a file belongs to, from the outermost node_modules on. */
const inPackage = /^(?:.*?\/)??(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//;

/**
 * The packages of which something is in what esbuild wrote, as directories below the checkout, also those inside
 * others: `node_modules/a/node_modules/@b/c`. Where node_modules is a link, esbuild names its target.
 */
export function bundledPackages(metafiles: readonly Metafile[]): string[] {
  const files = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => file);
  return [...new Set(files.flatMap((file) => inPackage.exec(file)?.[1] ?? []))].sort();
}
