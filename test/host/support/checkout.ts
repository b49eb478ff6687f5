import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../../support/guest-home.ts';
import type { SharedDirectory } from './machine.ts';

/** The checkout and its packages, which a test host sees at the places that they have here. */
export function sharedCheckout(): SharedDirectory[] {
  const packages = realpathSync(join(checkout, 'node_modules'));
  const directories = packages.startsWith(`${checkout}/`) ? [checkout] : [checkout, packages];
  return directories.map((path) => ({ source: path, target: path }));
}

/** The Node that runs banger. */
export const node = join(checkout, 'node_modules/.bin/node');
