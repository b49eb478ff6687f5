/** The check of the promises in docs/security.md, on pages made for it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const script = join(import.meta.dirname, '../../scripts/check-promises.ts');
const table = (...rows: string[]) =>
  ['| promise | test |', '|---|---|', ...rows, '', '| no | promise |', ''].join('\n');
const cases: [what: string, page: string, problem: RegExp | undefined][] = [
  ['a test that exists', table('| it holds | `test/a.test.ts` |'), undefined],
  [
    'two tests',
    table('| it holds | `test/a.test.ts`, `test/b.test.ts` |'),
    /names test\/b\.test\.ts, which is not/,
  ],
  [
    'a test that is gone',
    table('| it holds | `test/b.test.ts` |'),
    /"it holds" names test\/b\.test\.ts, which is not/,
  ],
  ['what is no test', table('| it holds | `test/a.ts` |'), /names test\/a\.ts, which is not/],
  ['no test', table('| it holds | |'), /"it holds" names no test/],
  ['a test without quotes', table('| it holds | test/a.test.ts |'), /"it holds" names no test/],
  [
    'a second table',
    `${table('| one | `test/a.test.ts` |')}\ntext\n\n${table('| two | |')}`,
    /"two" names no test/,
  ],
  ['no table', '| who | trusted |\n|---|---|\n| you | all |\n', /has no table/],
];
for (const [what, page, problem] of cases) {
  test(`a page of promises with ${what} ${problem ? 'fails' : 'passes'}`, async (t) => {
    const root = temporaryDirectory(t);
    for (const directory of ['docs', 'test']) mkdirSync(join(root, directory));
    writeFileSync(join(root, 'docs/security.md'), page);
    for (const file of ['test/a.test.ts', 'test/a.ts']) writeFileSync(join(root, file), '');
    const { status, stderr } = await runProgram(process.execPath, [script, root]);
    assert.equal(status, problem ? 1 : 0, stderr);
    assert.match(stderr, problem ?? /^$/);
  });
}
