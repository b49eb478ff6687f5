import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localHost } from '../../../src/client/local-host.ts';
import { getGuestAccess } from '../../../src/client/session/access.ts';

const whole = {
  ...{ host: '127.0.0.1', port: 2222, user: 'root', host_key_alias: 'banger-vm-a' },
  ...{ identity_file: '/keys/id', known_hosts_file: '/vms/known hosts', control_path: '' },
};

function access(told: object) {
  const vm = { call: async () => told };
  return getGuestAccess({ host: localHost }, vm as unknown as Parameters<typeof getGuestAccess>[1]);
}

test('a daemon that does not say how a guest is reached differs from a guest that is not there', async () => {
  for (const key of ['host', 'user', 'identity_file', 'known_hosts_file', 'host_key_alias']) {
    for (const value of ['', 7, undefined]) {
      await assert.rejects(access({ ...whole, [key]: value }), {
        code: 'Internal',
        message: `the daemon reported no ${key} for ssh; restart it with \`banger daemon stop\``,
      });
    }
  }
  await assert.rejects(access({ ...whole, port: '22' }), { code: 'Internal' });
});

test('sessions share no connection where the daemon names no socket for it', async () => {
  assert.equal((await access(whole)).controlPath, undefined);
  assert.equal((await access({ ...whole, control_path: '/run/x' })).controlPath, '/run/x');
});
