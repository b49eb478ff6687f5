/**
 * Checks that imports in src/ point one way; see layers.ts. TypeScript 7 has no API for JavaScript, so
 * imports are found by their form, which the formatter keeps regular.
 * Usage: check-layers.ts [directory, by default src]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { type Import, rings, violation } from './layers.ts';

/** `… from 'x'` at the end of a statement, `import 'x'`, `import('x')` and `require('x')`. */
const importForms = /(?:^(?:import|export|\}).*\bfrom |^import |\bimport\(|\brequire\()'([^']+)'/gm;

const source = process.argv[2] ?? join(import.meta.dirname, '..', 'src');
const imports = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => importsOf(file, readFileSync(join(source, file), 'utf8')));

const problems = [
  ...imports.flatMap((found) => {
    const why = violation(found);
    return why
      ? [`src/${found.from} imports ${'file' in found.to ? found.to.file : found.to.package}: ${why}`]
      : [];
  }),
  ...rings(imports).map((ring) => `folders that need each other: ${ring}`),
];
for (const problem of problems) console.error(problem);
if (imports.length === 0) console.error(`no import found below ${source}`);
process.exitCode = problems.length > 0 || imports.length === 0 ? 1 : 0;

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(importForms)].flatMap(([, specifier = '']): Import[] => {
    // The version comes from package.json, which is data.
    if (specifier.endsWith('.json')) return [];
    if (specifier.startsWith('.')) {
      return [{ from: file, to: { file: normalize(join(dirname(file), specifier)) } }];
    }
    return isBuiltin(specifier) ? [] : [{ from: file, to: { package: packageOf(specifier) } }];
  });
}

/** `@scope/name/part` and `name/part` without the part. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
