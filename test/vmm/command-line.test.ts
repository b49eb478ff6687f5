import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelCommandLine } from '../../src/vmm/command-line.ts';

test('a command line that the kernel would cut off is refused, with what the VMM adds counted', () => {
  const room = 2047 - kernelCommandLine(['m'], ['']).length;
  assert.equal(kernelCommandLine(['m'], ['x'.repeat(room)]).length, 2047);
  assert.throws(() => kernelCommandLine(['m'], ['x'.repeat(room + 1)]), { code: 'InvalidArgs' });
  assert.throws(() => kernelCommandLine(['m'], ['x'.repeat(room)], 1), { code: 'InvalidArgs' });
});
