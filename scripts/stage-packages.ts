/** Which files of npm packages an installation has beside the bundles. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What scripts/bundle.ts leaves outside, and the programs that go into images. */
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
const unused = /\/(test|tests|docs|examples|benchmarks?|deps|src|node_modules)\/|\/(eslint|tsconfig)[^/]*$/;

/** The files, relative to the checkout, of the packages that the bundles load and of all that these need. */
export function packageFiles(checkout: string): string[] {
  const packages = new Set<string>();
  const add = (name: string) => {
    if (packages.has(name) || forBuilding.includes(name)) return;
    packages.add(name);
    const manifest = JSON.parse(readFileSync(join(checkout, 'node_modules', name, 'package.json'), 'utf8'));
    for (const needed of Object.keys(manifest.dependencies ?? {})) add(needed);
  };
  for (const name of roots) add(name);
  return [...packages].flatMap((name) => {
    const directory = join('node_modules', name);
    const programs = name.startsWith('@jdxcode/') ? ['bin/*'] : [];
    return globSync(
      [...wanted, ...programs].map((pattern) => join(directory, pattern)),
      { cwd: checkout },
    ).filter((file) => !unused.test(file.slice(directory.length)));
  });
}
