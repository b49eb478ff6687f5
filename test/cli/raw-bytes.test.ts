/** Bytes that are not UTF-8: Node would change them, so that they are refused. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { findChangedArgument, isChangedVariable } from '../../src/cli/raw-bytes.ts';
import { checkout } from '../support/guest-home.ts';
import { withPrivateHome } from '../support/home.ts';
import { runProgram } from '../support/program.ts';

const banger = join(checkout, 'bin/banger');
/** What Node makes of caf and the byte e9. */
const changed = 'caf\ufffd';

/** The words that are typed before one that is not UTF-8, and its number. */
const typed: readonly [words: string, at: number][] = [
  ['vm exec a1 -- printf %s', 7],
  ['vm exec a1 --cwd', 5],
  ['vm exec a1 -e', 5],
  ['vm ssh a1 --', 5],
  ['vm run', 3],
  ['vm run --rm . --', 6],
  ['vm cp', 3],
  ['vm create --name', 4],
];

for (const [words, at] of typed) {
  test(`an argument that is not UTF-8 is refused by its number: ${words}`, async () => {
    await withPrivateHome(async ({ env }) => {
      const script = `exec "$0" ${words} "$(printf 'caf\\351')"`;
      const { status, stderr } = await runProgram('sh', ['-c', script, banger], { env });
      assert.equal(status, 2, stderr);
      assert.match(stderr, new RegExp(`^banger: argument ${at}, "${changed}", is not UTF-8 .*\\n$`));
    });
  });
}

test('a variable that is not UTF-8 is refused by its name', async () => {
  await withPrivateHome(async ({ env }) => {
    const script = `X=$(printf 'caf\\351') exec "$0" vm exec a1 -e X -- true`;
    const { status, stderr } = await runProgram('sh', ['-c', script, banger], { env });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^banger: --env X: its value is not UTF-8 and would arrive changed; .*\n$/);
  });
});

test('the replacement character itself is an argument and a value like any other', () => {
  const cmdline = () => Buffer.from(`node\0main\0${changed}\0other\0`);
  assert.equal(findChangedArgument([changed, 'other'], cmdline), -1);
  assert.equal(
    isChangedVariable('X', changed, () => Buffer.from(`X=${changed}\0`)),
    false,
  );
});

test('the argument that is told is the first that was changed', () => {
  const cmdline = () => Buffer.from(`node\0main\0${'\u00ef\u00bf\u00bd'}\0caf\u00e9\0`, 'latin1');
  assert.equal(findChangedArgument(['\ufffd', changed], cmdline), 1);
  assert.equal(
    isChangedVariable('X', changed, () => Buffer.from('XX=1\0X=caf\u00e9\0', 'latin1')),
    true,
  );
});
