import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute } from '../../src/common/exec.ts';

test('the contract in TypeScript is made from dbus/*.xml as it is', async () => {
  const root = join(import.meta.dirname, '../..');
  const { status, stderr } = await execute({
    file: process.execPath,
    args: [join(root, 'scripts/generate-contract.ts'), '--check'],
    timeoutMs: 30_000,
  });
  assert.equal(status, 0, stderr);
});
