/** Which files of npm packages an installation has beside the bundles. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The packages that scripts/bundle.ts leaves outside, and the programs that go into images. */
const roots = ['better-sqlite3', 'pino', 'sd-notify', 'systemd-journald', '@jdxcode/mise-linux-x64'];
/** Headers for compilers: what needs them has been compiled. */
const forBuilding = ['nan', 'node-addon-api'];
const wanted = [
  'package.json',
  'LICENSE*',
  '**/*.{js,cjs,json}',
  'build/Release/*.node',
  'prebuilds/linux-x64.node',
];
const unused =
  /\/(test|tests|docs|examples|benchmarks?|deps|src|node_modules)\/|\/(eslint|tsconfig)[^/]*$|\/bin\.js$/;

/** Directories of npm packages, relative to the checkout. */
export interface InstalledPackages {
  /** Those that the bundles load, and all that these need. */
  beside: string[];
  /** Those of which native parts have something inside. */
  compiledIn: string[];
}

/** Which packages of a checkout an installation has outside of the bundles. */
export function installedPackages(checkout: string): InstalledPackages {
  const packages = new Set<string>();
  const add = (name: string) => {
    if (packages.has(name)) return;
    packages.add(name);
    if (forBuilding.includes(name)) return;
    const manifest = JSON.parse(readFileSync(join(checkout, 'node_modules', name, 'package.json'), 'utf8'));
    for (const needed of Object.keys(manifest.dependencies ?? {})) add(needed);
  };
  for (const name of roots) add(name);
  const directories = (wantsHeaders: boolean) =>
    [...packages]
      .filter((name) => forBuilding.includes(name) === wantsHeaders)
      .map((name) => join('node_modules', name));
  return { beside: directories(false), compiledIn: directories(true) };
}

/** The files of packages beside the bundles, relative to the checkout. */
export function packageFiles(checkout: string): string[] {
  return installedPackages(checkout).beside.flatMap((directory) => {
    const programs = directory.includes('/@jdxcode/') ? ['bin/mise'] : [];
    return globSync(
      [...wanted, ...programs].map((pattern) => join(directory, pattern)),
      { cwd: checkout },
    ).filter((file) => !unused.test(file.slice(directory.length)));
  });
}
