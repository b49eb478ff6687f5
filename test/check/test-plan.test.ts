/** What `make test` and `make test-all` select. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inOneGuest, longRuns, planTests, type TestPlan } from '../../scripts/test-plan.ts';

const root = join(import.meta.dirname, '../..');
const files = globSync('test/**/*.test.ts', { cwd: root }).sort();
const usual = planTests({ files, chosen: false, long: false, env: {} });
const long = planTests({ files, chosen: false, long: true, env: {} });

/** The files of a run outside of the double, each time that it has them. */
function once({ double: _, ...plan }: TestPlan): string[] {
  return Object.values(plan)
    .flatMap((group) => group.files)
    .sort();
}

/** What other files do not run. */
const run = files.filter((file) => !inOneGuest.includes(file));

test('every test file is in one group of either run, but for those that share a VM', () => {
  assert.ok(files.length > 100);
  assert.deepEqual(once(usual), run);
  assert.deepEqual(once(long), run);
});

test('tests that share a VM are run by one file', () => {
  const source = readFileSync(join(root, 'test/guest/one-guest.test.ts'), 'utf8');
  const imported = [...source.matchAll(/^import '\.\/(.+)';$/gm)].map(([, file]) => `test/guest/${file}`);
  assert.deepEqual(imported.sort(), inOneGuest);
});

test('of chosen files one that shares a VM runs alone', () => {
  const [file = ''] = inOneGuest;
  assert.deepEqual(planTests({ files: [file], chosen: true, long: false, env: {} }).guest.files, [file]);
});

test('the long run has every guest test in the double, a usual one has some', () => {
  const guest = run.filter((file) => file.startsWith('test/guest/'));
  assert.deepEqual(long.double.files, guest);
  assert.ok(usual.double.files.length > 0 && usual.double.files.length < guest.length);
  for (const { double } of [usual, long]) assert.equal(double.env?.BANGER_TEST_VMM, 'firecracker');
});

test('every group of the long run has all lengths and more time, and none of a usual one has', () => {
  for (const name of Object.keys(usual) as (keyof TestPlan)[]) {
    const { BANGER_TEST_VMM: _, ...env } = long[name].env ?? {};
    assert.deepEqual(env, longRuns, name);
    assert.ok(long[name].timeout > usual[name].timeout && long[name].deadline > usual[name].deadline, name);
    for (const variable of Object.keys(longRuns)) assert.equal(usual[name].env?.[variable], undefined);
  }
});

test('a length that is already set in the environment is kept', () => {
  const { unit } = planTests({ files, chosen: false, long: true, env: { BANGER_FUZZ_RUNS: '7' } });
  assert.deepEqual(
    Object.keys(unit.env ?? {}),
    Object.keys(longRuns).filter((name) => name !== 'BANGER_FUZZ_RUNS'),
  );
});

test('of chosen files nothing runs in the double as well', () => {
  const plan = planTests({ files: ['test/guest/run.test.ts'], chosen: true, long: true, env: {} });
  assert.deepEqual([once(plan), plan.double.files], [['test/guest/run.test.ts'], []]);
});

test('each length is read by a test, and docs/testing.md has it', () => {
  const sources = globSync('test/**/*.ts', { cwd: root })
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('');
  for (const name of Object.keys(longRuns)) assert.ok(sources.includes(`process.env.${name}`), name);
  const page = readFileSync(join(root, 'docs/testing.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(BANGER_\w+)` \|.*\| (\d+) \| (\d+) \|$/gm)];
  assert.deepEqual(Object.fromEntries(rows.map(([, name, , value]) => [name, value])), longRuns);
  for (const [, name, bounded, value] of rows) assert.ok(Number(value) > Number(bounded), name);
});

test('make test-all runs the long form', () => {
  const { MAKEFLAGS: _, MAKELEVEL: __, ...env } = process.env;
  // Nothing is built or set up: what would be done is printed.
  const printed = execFileSync('make', ['--dry-run', 'test-all'], { cwd: root, env, encoding: 'utf8' });
  assert.match(printed, /^node_modules\/\.bin\/node scripts\/test\.ts --all$/m);
});
