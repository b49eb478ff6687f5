import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromRow, toRow } from '../../src/bus/rows.ts';

const fields = {
  path: '/org/banger/images/a',
  name: 'debian-bookworm',
  id: 'a',
  kernel: 'debian',
  size: 5,
  created_at: 7,
};

test('the fields of a struct come in the order of the contract', () => {
  const { created_at, size, ...others } = fields;
  assert.deepEqual(toRow('org.banger.Manager1', 'ListImages', { created_at, size, ...others }), [
    '/org/banger/images/a',
    'debian-bookworm',
    'a',
    'debian',
    5,
    7,
  ]);
});

test('a struct without names gives back its fields', () => {
  const row = toRow('org.banger.Manager1', 'ListImages', fields);
  assert.deepEqual(fromRow('org.banger.Manager1', 'ListImages', row), fields);
});
