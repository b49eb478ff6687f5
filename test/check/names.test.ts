/** The check that an exported name has one meaning, on sources made for it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const script = join(import.meta.dirname, '../../scripts/check-names.ts');
const cases: [what: string, one: string, two: string, problem: RegExp | undefined][] = [
  ['names that differ', 'export function a() {}', 'export function b() {}', undefined],
  [
    'one name for two functions',
    'export function a() {}',
    'export async function a() {}',
    /^a is declared in/,
  ],
  [
    'one name for a type and a class',
    'export interface A {}',
    'export abstract class A {}',
    /^A is declared in/,
  ],
  ['one name for two constants', 'export const a = 1;', 'export const a = 2;', /^a is declared in/],
  ['a name that only one exports', 'export const a = 1;', 'const a = 2;', undefined],
  ['a name that is exported again', 'export const a = 1;', "export { a } from './one.ts';", undefined],
  ['no exported name', 'const a = 1;', 'const b = 2;', /has no src/],
];
for (const [what, one, two, problem] of cases) {
  test(`sources with ${what} ${problem ? 'fail' : 'pass'}`, async (t) => {
    const root = temporaryDirectory(t);
    mkdirSync(join(root, 'src'));
    writeFileSync(join(root, 'src/one.ts'), `${one}\n`);
    writeFileSync(join(root, 'src/two.ts'), `${two}\n`);
    const { status, stderr } = await runProgram(process.execPath, [script, root]);
    assert.equal(status, problem ? 1 : 0, stderr);
    if (problem) assert.match(stderr, problem);
  });
}
