/** The runner of all tests, with files of tests made for it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Runs a group of files as scripts/test.ts does, and gives what it says of the first and of the second time. */
async function outcomeOf(directory: string, files: Readonly<Record<string, string>>, deadline = 60_000) {
  for (const [name, body] of Object.entries(files)) {
    const head = "import { test } from 'node:test';\nimport { existsSync, writeFileSync } from 'node:fs';\n";
    writeFileSync(join(directory, name), head + body);
  }
  const group = { name: 'made', files: Object.keys(files), concurrency: 1, timeout: 30_000, deadline };
  writeFileSync(
    join(directory, 'main.ts'),
    `import { Results, runFailedAgain, runGroup } from ${JSON.stringify(join(import.meta.dirname, '../../scripts/test-groups.ts'))};
    const results = new Results();
    await runGroup(${JSON.stringify(group)}, ${JSON.stringify(directory)}, results);
    const first = { good: results.good, failures: results.failures.map(({ test, why }) => [test, why]) };
    const second = await runFailedAgain(results, ${JSON.stringify(directory)});
    console.log(JSON.stringify({ first, second: second && { good: second.good, lines: second.lines } }));`,
  );
  // A test runner that is started by one runs nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const ended = await runProgram(process.execPath, ['main.ts'], { cwd: directory, env, timeoutMs: 90_000 });
  assert.equal(ended.status, 0, ended.stderr);
  const said = ended.stdout.toString().trim().split('\n');
  return { said: said.join('\n'), ...JSON.parse(said.at(-1) ?? '') };
}

const passes = "test('passes', () => {});";
const fails = "test('fails', () => { throw new Error('as it must'); });";
const failsOnce = `test('fails once', () => {
  if (existsSync('seen')) return;
  writeFileSync('seen', '');
  throw new Error('not yet');
});`;

test('a file that passes is not run again', async (t) => {
  const { first, second } = await outcomeOf(temporaryDirectory(t), { 'a.test.ts': passes });
  assert.deepEqual([first, second], [{ good: true, failures: [] }, undefined]);
});

test('a file that failed is run again, alone, and its failure is kept', async (t) => {
  const files = { 'a.test.ts': passes, 'b.test.ts': failsOnce + passes };
  const { said, first, second } = await outcomeOf(temporaryDirectory(t), files);
  assert.equal(first.good, false);
  assert.equal(first.failures.length, 1);
  assert.equal(first.failures[0][0], 'fails once');
  assert.match(first.failures[0][1], /^Error: not yet\n +at /);
  assert.match(said, /^== made, again: 1 files/m);
  assert.equal(second.good, true);
  assert.deepEqual(second.lines.slice(0, 3), ['ℹ tests 2', 'ℹ pass 2', 'ℹ fail 0']);
});

test('a file that fails again, is skipped, or is killed counts as failed', async (t) => {
  for (const body of [
    fails + passes,
    "test('skipped', { skip: true }, () => {});",
    "test('to do', { todo: true }, () => {});",
    "process.kill(process.pid, 'SIGKILL');",
    'import "./not-there.ts";',
  ]) {
    const { first, second } = await outcomeOf(temporaryDirectory(t), { 'a.test.ts': body });
    assert.deepEqual([first.good, second.good], [false, false], body);
  }
});

test('many failures are none of chance, and neither is a group that came to its deadline', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.test.ts`);
  const many = await outcomeOf(
    temporaryDirectory(t),
    Object.fromEntries(names.map((name) => [name, failsOnce])),
  );
  assert.equal(many.second?.good, true, 'only the first of them fails once');
  const all = await outcomeOf(temporaryDirectory(t), Object.fromEntries(names.map((name) => [name, fails])));
  assert.deepEqual([all.first.good, all.first.failures.length, all.second], [false, 5, undefined]);
  const hangs = "test('hangs', async () => { await new Promise((done) => setTimeout(done, 20_000)); });";
  const late = await outcomeOf(temporaryDirectory(t), { 'a.test.ts': hangs }, 2_000);
  assert.deepEqual([late.first.good, late.second], [false, undefined]);
});
