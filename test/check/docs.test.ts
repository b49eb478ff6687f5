/** The check of the length of lines in pages, on pages made for it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const script = join(import.meta.dirname, '../../scripts/check-docs.ts');
const long = 'word '.repeat(30).trim();
const fits = `${'a '.repeat(59)}ab`;
const cases: [what: string, file: string, page: string, problem: RegExp | undefined][] = [
  ['a line of 120 characters', 'README.md', fits, undefined],
  ['a line of 121 characters', 'README.md', `${fits}c`, /^README\.md:1 is longer than 120 characters$/m],
  ['120 characters of more bytes', 'README.md', fits.replaceAll('a', '\u{1f600}'), undefined],
  ['a long line of CONTRIBUTING.md', 'CONTRIBUTING.md', `\n${long}`, /^CONTRIBUTING\.md:2 is/m],
  ['a long line in docs/', 'docs/a.md', long, /^docs\/a\.md:1 is/m],
  ['a long line below docs/', 'docs/decisions/a.md', long, /^docs\/decisions\/a\.md:1 is/m],
  ['a long list item', 'docs/a.md', `- ${long}`, /^docs\/a\.md:1 is/m],
  ['a long table row', 'docs/a.md', `| ${long} |`, undefined],
  ['long fenced code', 'docs/a.md', `\`\`\`sh\n${long}\n\`\`\``, undefined],
  ['a long line after fenced code', 'docs/a.md', `\`\`\`\na\n\`\`\`\n${long}`, /^docs\/a\.md:4 is/m],
  ['a long link', 'docs/a.md', `[${long}](b.md)`, undefined],
  ['a long word in a list item', 'docs/a.md', `- ${'a'.repeat(130)}`, undefined],
  ['no page', 'other.md', long, /has no README\.md/],
];
for (const [what, file, page, problem] of cases) {
  test(`check-docs ${problem ? 'rejects' : 'accepts'} ${what}`, async (t) => {
    const root = temporaryDirectory(t);
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), `${page}\n`);
    const { status, stderr } = await runProgram(process.execPath, [script, root]);
    assert.equal(status, problem ? 1 : 0, stderr);
    assert.match(stderr, problem ?? /^$/);
  });
}
