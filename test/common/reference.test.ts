import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findByReference } from '../../src/common/reference.ts';

const things = [
  { id: 'abc123', name: 'web' },
  { id: 'abd456', name: 'abc123' },
  { id: 'xyz789', name: 'db' },
];

test('a name goes before an id, an id before a prefix', () => {
  assert.equal(findByReference(things, 'abc123')?.id, 'abd456');
  assert.equal(findByReference(things, 'xyz789')?.name, 'db');
  assert.equal(findByReference(things, 'xy')?.name, 'db');
});

test('a prefix of several ids, an empty reference and a stranger find nothing', () => {
  for (const reference of ['ab', '', 'nobody']) assert.equal(findByReference(things, reference), undefined);
});
