/**
 * Bundles the programs into build/bundle, legible, for a fast start. The daemon keeps its native and its
 * worker-threaded package outside.
 *
 * Ends with the file `built`, whose time is that of before the sources were read: the launchers compare the
 * sources with it, so a source that changes meanwhile is newer. Parts have names by their content and those
 * of earlier builds stay, because a daemon of theirs may still run and load one.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const directory = join(root, 'build', 'bundle');
const entries = { cli: 'src/cli/main.ts', daemon: 'src/daemon/main.ts' };

mkdirSync(directory, { recursive: true });
const stamp = join(directory, 'built.new');
writeFileSync(stamp, '');
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: entries,
  outdir: directory,
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Its CommonJS form has no named exports for esbuild when it is imported on demand.
  alias: { clipanion: './node_modules/clipanion/lib/advanced/index.mjs' },
  external: ['better-sqlite3', 'pino'],
  // What CommonJS packages need inside an ES module.
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
  logLevel: 'warning',
}).catch(() => process.exit(1)); // esbuild has said why

const isEntry = (path: string) => Object.keys(entries).includes(basename(path, '.js'));
const parts = outputFiles.filter(({ path }) => !isEntry(path) && !existsSync(path));
for (const { path, contents } of [...parts, ...outputFiles.filter(({ path }) => isEntry(path))]) {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}
renameSync(stamp, join(directory, 'built'));
