import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';

/** A module's file and what must be loaded before it. */
export interface ModuleIndex {
  /** Files by module name, relative to the modules tree. */
  files: ReadonlyMap<string, string>;
  /** For each file, the files it needs, in the order in which to load them. */
  needs: ReadonlyMap<string, readonly string[]>;
  /** Modules that are part of the kernel itself. */
  builtin: ReadonlySet<string>;
}

/** Reads modules.dep (modules.dep(5)) and modules.builtin of a tree that depmod has seen. */
export async function readModuleIndex(tree: string): Promise<ModuleIndex> {
  const files = new Map<string, string>();
  const needs = new Map<string, readonly string[]>();
  for (const line of (await readFile(join(tree, 'modules.dep'), 'utf8')).split('\n')) {
    const [file, rest] = line.split(':');
    if (!file || rest === undefined) continue;
    files.set(moduleName(file), file);
    // depmod lists the nearest first, and modprobe loads from the end.
    needs.set(file, rest.split(' ').filter(Boolean).reverse());
  }
  const builtin = (await readFile(join(tree, 'modules.builtin'), 'utf8')).split('\n').filter(Boolean);
  return { files, needs, builtin: new Set(builtin.map(moduleName)) };
}

/**
 * The files to load for these modules, each once and after what it needs; none for those built in.
 * @throws CommandFailed if the kernel lacks one, or has it compressed
 */
export function loadOrder(index: ModuleIndex, modules: readonly string[]): string[] {
  const order = new Set<string>();
  for (const name of modules.map(moduleName)) {
    const file = index.files.get(name);
    if (!file && index.builtin.has(name)) continue;
    if (!file) throw new BangerError('CommandFailed', `the kernel has no module ${name}, which guests need`);
    if (!file.endsWith('.ko')) {
      throw new BangerError('NotSupported', `the kernel's module ${file} is compressed`, {
        remedy: 'only plain .ko files work',
      });
    }
    for (const needed of index.needs.get(file) ?? []) order.add(needed);
    order.add(file);
  }
  return [...order];
}

/** As the kernel names it: without path and ending, and with underscores. */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}
