import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countColumns, fit } from '../../../src/cli/output/text.ts';

test('columns count what a terminal shows', () => {
  assert.equal(countColumns('abc'), 3);
  assert.equal(countColumns('é'), 1);
  assert.equal(countColumns('e\u0301'), 1);
  assert.equal(countColumns('日本'), 4);
  assert.equal(countColumns('🚀'), 2);
});

test('text is cut to fit, with a mark', () => {
  assert.equal(fit('sandbox', 7), 'sandbox');
  assert.equal(fit('sandbox', 6), 'sandb…');
  assert.equal(fit('日本語', 4), '日…');
  assert.equal(fit('sandbox', 4, '~'), 'san~');
  assert.equal(fit('sandbox', 0), '');
});
