import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { sshOptions } from '../../src/ssh/options.ts';

test('the ssh client understands the options, also with strange paths', async () => {
  const connection = {
    host: '127.0.0.1',
    port: 2222,
    user: 'root',
    identityFile: '/a b/%h"\\key',
    knownHostsFile: '/c d/%known',
    hostKeyAlias: 'banger-x',
  };
  const args = ['-G', ...sshOptions(connection, true), '--', connection.host];
  const outcome = await execute({ file: 'ssh', args, timeoutMs: 20_000 });
  assert.equal(outcome.status, 0, outcome.stderr);
  const told = new Set(outcome.stdout.split('\n'));
  for (const line of [
    'user root',
    'port 2222',
    'batchmode yes',
    'identityfile /a b/%%h"\\key',
    'userknownhostsfile /c d/%known',
    'hostkeyalias banger-x',
    'stricthostkeychecking true',
    'kexalgorithms curve25519-sha256',
    'ipqos none none',
    'forwardagent no',
  ]) {
    assert.ok(told.has(line), `ssh -G does not tell: ${line}`);
  }
});
