import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../src/vm/id.ts';

test('ids may stand in object paths, unit names and host names', () => {
  for (let i = 0; i < 1000; i++) assert.match(newId(), /^[a-z][a-z0-9]{9}$/);
});
