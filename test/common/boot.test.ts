import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { bootId, recall, remember } from '../../src/common/boot.ts';

const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(directory, { recursive: true }));
const parse = (value: unknown) => (typeof value === 'number' ? value : undefined);

test('a finding is kept for this boot and this key, in a private file', () => {
  const cache = { file: join(directory, 'finding'), key: 'a', parse };
  assert.equal(recall(cache), undefined);
  remember(cache, 7);
  assert.equal(recall(cache), 7);
  assert.equal(recall({ ...cache, key: 'b' }), undefined);
  assert.equal(statSync(cache.file).mode & 0o777, 0o600);
  writeFileSync(cache.file, readFileSync(cache.file, 'utf8').replace(bootId(), 'another boot'));
  assert.equal(recall(cache), undefined);
});

test('a damaged file is as good as none', () => {
  const cache = { file: join(directory, 'damaged'), key: 'a', parse };
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '7',
    JSON.stringify({ boot: bootId(), key: 'a', value: 'seven' }),
  ]) {
    writeFileSync(cache.file, text);
    assert.equal(recall(cache), undefined, text);
  }
});
