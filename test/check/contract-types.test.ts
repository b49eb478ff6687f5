/** What the types make of code that does not keep to dbus/*.xml: `make check` rejects it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const root = join(import.meta.dirname, '../..');

const head = `import type { Implementation } from '${root}/src/bus/nodes.ts';
import type { Proxy } from '${root}/src/bus/proxy.ts';
type Methods = Implementation<'org.banger.VM1'>['methods'];
import type { ObjectTree } from '${root}/src/bus/server.ts';
declare const vm: Proxy<'org.banger.VM1'>;
declare const tree: ObjectTree;
`;

/** Lines of code that are right or wrong, each with a part of what the compiler says; empty where it is right. */
const cases: readonly (readonly [code: string, says: string])[] = [
  ["export const a: Methods['Stop'] = (_caller, { timeout }) => String(timeout?.toFixed());", ''],
  [
    "export const b: Methods['Stop'] = (_caller, { patience }) => String(patience);",
    "'patience' does not exist",
  ],
  [
    "export const c: Methods['Stop'] = (_caller, { timeout }) => String(timeout?.trim());",
    "'trim' does not exist",
  ],
  [
    "export const d: Methods['Start'] = (_caller, { timeout }) => String(timeout.toFixed());",
    "'timeout' does not exist",
  ],
  ["export const e = vm.call('Delete', { force: true });", ''],
  ["export const f = vm.call('Delete', { harder: true });", "'harder' does not exist"],
  [
    "export const g = vm.call('Delete', { force: 'yes' });",
    "'string' is not assignable to type 'boolean | undefined'",
  ],
  ["export const h = vm.call('Start', { force: true });", "'force' does not exist"],
  ["tree.changed('/org', 'org.banger.VM1', ['VMM']);", ''],
  ["tree.changed('/org', 'org.banger.VM1', ['Name']);", '\'"Name"\' is not assignable'],
];

test('code that does not keep to the contract does not compile', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'code.mts'), head + cases.map(([code]) => `${code}\n`).join(''));
  const compilerOptions = { typeRoots: [join(root, 'node_modules/@types')] };
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files: ['code.mts'] };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = await execute({
    file: join(root, 'node_modules/.bin/tsc'),
    args: ['--project', directory, '--pretty', 'false'],
    timeoutMs: 120_000,
  });
  const lines = stdout.split('\n').filter((line) => line.includes('error TS'));
  const first = head.split('\n').length;
  for (const [index, [code, says]] of cases.entries()) {
    const said = lines.filter((line) => line.includes(`code.mts(${first + index},`)).join('\n');
    if (says === '') assert.equal(said, '', code);
    else assert.ok(said.includes(says), `${code}\n${said || stdout}`);
  }
});
