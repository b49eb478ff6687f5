/**
 * Bundles each program into one file in build/bundle, legible, for a fast start. CommonJS, because an ES
 * module that imports one of Node's own makes Node load all of it (docs/decisions/0001). What a running
 * program loads late is in its file already, so a build does not pull it away from under it. Only the client
 * has a second file: what reads the configuration is larger than all the rest of it, and the size of its file
 * costs every command, of which few need that.
 *
 * Beside them it lists the npm packages that are in them, for the notice of their licences.
 * Ends with the file `built`, whose time is that of before the sources were read: the launchers compare the
 * sources with it, so a source that changes during the build is newer.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { bundledPackages } from '../packaging/notice/bundled.ts';

const root = join(import.meta.dirname, '..');
const directory = join(root, 'build', 'bundle');

mkdirSync(directory, { recursive: true });
const stamp = join(directory, 'built.new');
writeFileSync(stamp, '');
/** Leaves the reader of configuration files to config.cjs, where it is loaded late. */
const configApart: Plugin = {
  name: 'config-apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/file\.ts$/ }, ({ importer, kind }) =>
      kind === 'dynamic-import' && importer.endsWith('/src/config/config.ts')
        ? { path: './config.cjs', external: true }
        : undefined,
    ),
};
const options = {
  absWorkingDir: root,
  outdir: directory,
  outExtension: { '.js': '.cjs' },
  write: false,
  metafile: true,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  // Native packages and one with worker threads stay outside, and so do the native parts that ssh2 can do without.
  external: ['better-sqlite3', 'pino', 'sd-notify', 'systemd-journald', 'cpu-features', '*.node'],
  define: { 'import.meta.dirname': '__dirname', 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
} as const satisfies BuildOptions;
const built = await Promise.all([
  build({ ...options, entryPoints: { cli: 'src/cli/main.ts' }, plugins: [configApart] }),
  build({
    ...options,
    entryPoints: {
      checkout: 'src/checkout/main.ts',
      config: 'src/config/file.ts',
      daemon: 'src/daemon/main.ts',
      netd: 'src/netd/main.ts',
      powerdown: 'src/powerdown/main.ts',
      preload: 'src/preload/main.ts',
    },
  }),
]).catch(() => process.exit(1)); // esbuild has said why

for (const { path, contents } of built.flatMap(({ outputFiles }) => outputFiles)) {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}
const packages = bundledPackages(built.map(({ metafile }) => metafile));
writeFileSync(join(directory, 'packages.json'), `${JSON.stringify(packages, null, 2)}\n`);
renameSync(stamp, join(directory, 'built'));
