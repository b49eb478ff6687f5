import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, fit } from '../../../src/cli/output/text.ts';

test('columns count what a terminal shows', () => {
  assert.equal(columnsOf('abc'), 3);
  assert.equal(columnsOf('é'), 1);
  assert.equal(columnsOf('e\u0301'), 1);
  assert.equal(columnsOf('日本'), 4);
  assert.equal(columnsOf('🚀'), 2);
});

test('text is cut to fit, with a mark', () => {
  assert.equal(fit('sandbox', 7), 'sandbox');
  assert.equal(fit('sandbox', 6), 'sandb…');
  assert.equal(fit('日本語', 4), '日…');
  assert.equal(fit('sandbox', 4, '~'), 'san~');
  assert.equal(fit('sandbox', 0), '');
});
