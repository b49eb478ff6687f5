/** Netd's code as root's daemon runs it where there is no system bus, in a network namespace of the test's own. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../support/program.ts';

test('root’s own daemon makes a bridge and taps with all rules, and takes back what it did with the last', async () => {
  assert.equal(process.getuid?.(), 0, 'a bridge takes root: run `sudo make test`');
  const program = join(import.meta.dirname, 'in-namespace.ts');
  const { status, stdout, stderr } = await runProgram('unshare', ['--net', process.execPath, program], {
    timeoutMs: 60_000,
  });
  rmSync('/run/banger-netd.lock', { force: true });
  assert.equal(status, 0, `${stdout}${stderr}`);
  const { during, after } = JSON.parse(stdout.toString('utf8'));
  assert.deepEqual(during, {
    bridge: '172.30.0.1/24',
    tables: ['table inet banger', 'table bridge banger'],
    forwarding: ['bngr0', 'up0'],
    taps: ['172.30.0.2'],
  });
  assert.deepEqual(after, { links: ['lo', 'up0'], tables: [], forwarding: [] });
});
