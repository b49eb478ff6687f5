/**
 * Checks that no line of the pages is longer than 120 characters. Tables, fenced code, and lines that cannot be broken
 * (a single link, or no space) may be longer.
 * Usage: check-docs.ts [root of the project]
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const limit = 120;
const pages = ['README.md', 'CONTRIBUTING.md', 'docs/**/*.md'];
const root = process.argv[2] ?? join(import.meta.dirname, '..');

/** Checks whether a line could be shorter: has a space to break at, after a list marker, and is not one link. */
function canBreak(line: string): boolean {
  const text = line.trim().replace(/^([-*+]|\d+\.) +/, '');
  return text.includes(' ') && !/^\[[^\]]*\]\(\S*\)[.,;:]?$/.test(text);
}

/** The numbers of the lines that are too long. */
function findLongLines(text: string): number[] {
  const numbers: number[] = [];
  let fence: string | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const marker = /^\s*(```|~~~)/.exec(line)?.[1];
    if (marker && fence === undefined) fence = marker;
    else if (marker && marker === fence) fence = undefined;
    else if (fence === undefined && !/^\s*\|/.test(line) && [...line].length > limit && canBreak(line))
      numbers.push(index + 1);
  }
  return numbers;
}

const files = globSync(pages, { cwd: root }).sort();
const problems = files.flatMap((file) =>
  findLongLines(readFileSync(join(root, file), 'utf8')).map(
    (number) => `${file}:${number} is longer than ${limit} characters`,
  ),
);
if (files.length === 0) problems.push(`${root} has no ${pages.join(', ')}`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
