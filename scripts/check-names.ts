/**
 * Checks that every name that a file of src/ exports has one meaning: no two files declare it. A name that is exported
 * again from where it was declared keeps its meaning.
 * Usage: check-names.ts [root of the project]
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.argv[2] ?? join(import.meta.dirname, '..');
const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm;

const files = new Map<string, string[]>();
for (const file of globSync('src/**/*.ts', { cwd: root }).sort()) {
  const names = [...readFileSync(join(root, file), 'utf8').matchAll(declaration)].map(
    ([, name = '']) => name,
  );
  // A file may declare overloads, or a type and a value, of one name.
  for (const name of new Set(names)) files.set(name, [...(files.get(name) ?? []), file]);
}
const problems = [...files].filter(([, places]) => places.length > 1);
for (const [name, places] of problems) console.error(`${name} is declared in ${places.join(' and ')}`);
if (files.size === 0) console.error(`${root} has no src/ with exported names`);
process.exitCode = problems.length > 0 || files.size === 0 ? 1 : 0;
