import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedConnection } from '../../../src/client/session/shared.ts';

const access = {
  ...{ host: '127.0.0.1', port: 9, user: 'root', hostKeyAlias: 'banger-vm-a' },
  ...{ identityFile: '/nonexistent/id', knownHostsFile: '/nonexistent/hosts' },
};
const { signal } = new AbortController();

test('a shared connection whose path is too long for a socket is not tried', async () => {
  for (const controlPath of [`/run/${'x'.repeat(86)}`, `/run/${'ä'.repeat(43)}`]) {
    assert.equal(await sharedConnection({ ...access, controlPath }, false, signal), undefined);
  }
});
