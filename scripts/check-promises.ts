/**
 * Checks that every promise of docs/security.md names the tests that hold it, and that these exist.
 * Usage: check-promises.ts [root of the project]
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const page = 'docs/security.md';
const root = process.argv[2] ?? join(import.meta.dirname, '..');

/** The rows of all tables whose last column is called `test`, as their cells. */
function promisesIn(text: string): string[][] {
  const rows: string[][] = [];
  let isTable = false;
  for (const line of text.split('\n')) {
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells.at(-1) === 'test') isTable = true;
    else if (!line.startsWith('|')) isTable = false;
    else if (isTable && !/^-+$/.test(cells[0] ?? '')) rows.push(cells);
  }
  return rows;
}

const promises = promisesIn(readFileSync(join(root, page), 'utf8'));
const problems = promises.flatMap(([promise = '', ...cells]) => {
  const files = [...(cells.at(-1) ?? '').matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
  if (files.length === 0) return [`${page}: "${promise}" names no test`];
  return files
    .filter((file) => !/^test\/.*\.test\.ts$/.test(file) || !existsSync(join(root, file)))
    .map((file) => `${page}: "${promise}" names ${file}, which is not a test file`);
});
if (promises.length === 0) problems.push(`${page} has no table whose last column is called test`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
