import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { guestFailure, guestWarnings } from '../../src/vm/console.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('warnings of a guest are found among what else is on its console, and made harmless', async (t) => {
  const path = join(temporaryDirectory(t), 'console.log');
  assert.deepEqual(await guestWarnings(path), []);
  writeFileSync(
    path,
    [
      '[    0.1] kernel\r',
      'BANGER-WARNING /var/lib/docker is not on its own disk\r',
      '[    0.2] cut in BANGER-WARNING file_sync: /root/a\u001b[2J is kept\r',
      `BANGER-WARNING ${'x'.repeat(5000)}`,
      'login:',
    ].join('\n'),
  );
  assert.deepEqual(await guestWarnings(path), [
    'the guest says: /var/lib/docker is not on its own disk',
    'the guest says: file_sync: /root/a\ufffd[2J is kept',
    `the guest says: ${'x'.repeat(400)}…`,
  ]);
});

test('only the beginning of a console counts, however much a guest writes', async (t) => {
  const path = join(temporaryDirectory(t), 'console.log');
  writeFileSync(path, `BANGER-WARNING first\n${'x'.repeat(10_000_000)}\nBANGER-WARNING late\n`);
  assert.deepEqual(await guestWarnings(path), ['the guest says: first']);
});

test('a guest that gave up is reported with its reason, or with the last line of its console', async (t) => {
  const path = join(temporaryDirectory(t), 'console.log');
  const failure = async (console: string) => {
    writeFileSync(path, console);
    return (await guestFailure(path, 'the guest ended')).message;
  };
  const where = `; read its console in ${path}`;
  assert.equal(
    await failure('[ 0.1] a\r\nBANGER-FATAL the seed is gone\r\n[ 0.2] b\r\n'),
    `the guest gave up: the seed is gone${where}`,
  );
  assert.equal(
    await failure('[ 0.1] a\r\n\r\n'),
    `the guest ended, and its console ends with: [ 0.1] a${where}`,
  );
  assert.equal(await failure(''), `the guest ended${where}`);
});
