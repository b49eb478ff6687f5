import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');
let built: Promise<string> | undefined;

/**
 * Bundles the program of these tests and the reader of checkouts as scripts/bundle.ts does: each vector starts the reader
 * up to four times, and from sources that takes twice as long. @returns the program
 */
export function bundledProgram(): Promise<string> {
  built ??= bundle(join(root, 'build/test/attack', String(process.pid)));
  return built;
}

async function bundle(directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: { program: 'test/workspace/attack/program.ts', checkout: 'src/checkout/main.ts' },
    outdir: directory,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    define: { 'import.meta.dirname': '__dirname' },
    logLevel: 'warning',
  });
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'program.cjs');
}
