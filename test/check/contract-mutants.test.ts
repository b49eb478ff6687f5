/** What `make check` says when dbus/*.xml and the code are not of one mind. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execute } from '../../src/common/exec.ts';

const root = join(import.meta.dirname, '../..');
const emits = (value: string) =>
  `<annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="${value}"/>`;

/** Changes of dbus/*.xml, and what the compiler says to each. */
const mutants: readonly {
  name: string;
  file: string;
  from: RegExp;
  to: string;
  says: RegExp;
}[] = [
  {
    name: 'a property that changes and has no source',
    file: 'Manager1',
    from: /(<property name="Version"[^>]*>\s*)<annotation [^>]*>/,
    to: `$1${emits('true')}`,
    says: /api\/manager\.ts.*Property 'Version' is missing/,
  },
  {
    name: 'a property that never changes and has a source',
    file: 'VM1',
    from: /(<property name="NAT"[^>]*>\s*)<annotation [^>]*>/,
    to: `$1${emits('const')}`,
    says: /api\/vm\.ts.*'NAT' does not exist/,
  },
  {
    name: 'an option that a handler reads and that is not documented',
    file: 'VM1',
    from: /<annotation name="org\.banger\.Key\.force"[^>]*>/,
    to: '',
    says: /api\/vm\.ts.*Property 'force' does not exist/,
  },
  {
    name: 'an option that a handler reads as another type than is documented',
    file: 'Network1',
    from: /(<annotation name="org\.banger\.Key\.network" value=")s:/,
    to: '$1u:',
    says: /netd\/service\.ts.*'number \| undefined' is not assignable to parameter of type 'string \| undefined'/,
  },
];

/** What the compiler says to the code with the contract of all mutants. */
let said = '';

before(async () => {
  const directory = mkdtempSync('/tmp/bt-');
  after(() => rmSync(directory, { recursive: true }));
  for (const part of [
    'src',
    'scripts',
    'dbus',
    'package.json',
    'biome.json',
    '.gitignore',
    'tsconfig.json',
  ]) {
    cpSync(join(root, part), join(directory, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  for (const { file, from, to } of mutants) {
    const path = join(directory, `dbus/org.banger.${file}.xml`);
    const text = readFileSync(path, 'utf8');
    assert.match(text, from);
    writeFileSync(path, text.replace(from, to));
  }
  const generator = join(directory, 'scripts/generate-contract.ts');
  const made = await execute({ file: process.execPath, args: [generator], timeoutMs: 60_000 });
  assert.equal(made.status, 0, made.stderr);
  const files = ['src/api/export.ts', 'src/netd/service.ts', 'src/bus/dbus-next.d.ts'];
  writeFileSync(
    join(directory, 'tsconfig.part.json'),
    JSON.stringify({ extends: './tsconfig.json', include: [], files }),
  );
  const { stdout } = await execute({
    file: join(root, 'node_modules/.bin/tsc'),
    args: ['--project', join(directory, 'tsconfig.part.json'), '--pretty', 'false'],
    timeoutMs: 120_000,
  });
  said = stdout;
});

describe('does not compile:', () => {
  for (const { name, says } of mutants) test(name, () => assert.match(said, says));

  test('nothing else', () => {
    assert.equal(said.split('\n').filter((line) => line.includes(': error TS')).length, mutants.length, said);
  });
});
