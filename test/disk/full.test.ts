import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import { asDiskFull } from '../../src/disk/full.ts';

test('a full file system is told apart, whoever met it', () => {
  const system = Object.assign(new Error('write'), { code: 'ENOSPC' });
  const program = new BangerError('CommandFailed', 'tar2sqfs failed: No space left on device');
  for (const error of [system, program]) {
    const told = asDiskFull(error, '/var');
    assert.ok(told instanceof BangerError && told.code === 'DiskFull' && told.message.includes('/var'));
  }
  const other = new BangerError('CommandFailed', 'mkfs failed');
  assert.equal(asDiskFull(other, '/var'), other);
});
