import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTail } from '../../src/logs/tail.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('the end of a file, all of a short one, and nothing of none', async (t) => {
  const path = join(temporaryDirectory(t), 'log');
  assert.equal(await readTail(path, 10), '');
  writeFileSync(path, 'short');
  assert.equal(await readTail(path, 10), 'short');
  writeFileSync(path, `${'x'.repeat(1_000_000)}the end`);
  assert.equal(await readTail(path, 7), 'the end');
});
