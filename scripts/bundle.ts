/**
 * Bundles the programs into build/bundle, legible, for a fast start. The daemon keeps its native and
 * worker-threaded packages outside. Ends with the file `built`, whose time is that of before the sources
 * were read: the launchers compare the sources with it, so a source that changes meanwhile is newer.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const directory = join(root, 'build', 'bundle');
const next = `${directory}.new`;
rmSync(next, { recursive: true, force: true });
mkdirSync(next, { recursive: true });
writeFileSync(join(next, 'built'), '');
await build({
  absWorkingDir: root,
  entryPoints: { cli: 'src/cli/main.ts', daemon: 'src/daemon/main.ts' },
  outdir: next,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // x11 is an optional package of dbus-next that banger has no use for.
  external: ['better-sqlite3', 'pino', 'x11'],
  // What CommonJS packages need inside an ES module.
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
  logLevel: 'warning',
}).catch(() => process.exit(1)); // esbuild has said why
rmSync(directory, { recursive: true, force: true });
renameSync(next, directory);
