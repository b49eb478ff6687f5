import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sshNames, writeSshNames } from '../../src/ssh/names.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeVm } from '../support/vm.ts';

test('each VM is found by its name, by that with the user, and by its id where no other has it for a name', async () => {
  const vms = [
    { ...makeVm({ id: 'a1', name: 'web' }), ssh: { address: '127.66.0.1', port: 2222 } },
    { ...makeVm({ id: 'b1', name: 'a1' }), ssh: { address: '172.30.0.2', port: 22 } },
  ];
  const known = async (id: string) => (id === 'a1' ? 'banger-a1 ssh-ed25519 AAAA\n' : undefined);
  const { hosts, knownHosts } = await sshNames(vms, known, 'Alice');
  assert.deepEqual(hosts.trimEnd().split('\n'), [
    'web.vm 127.66.0.1 2222',
    'web.Alice.vm 127.66.0.1 2222',
    'a1.vm 172.30.0.2 22',
    'a1.Alice.vm 172.30.0.2 22',
    'b1.vm 172.30.0.2 22',
  ]);
  assert.equal(knownHosts, 'web.vm,web.alice.vm ssh-ed25519 AAAA\n');
});

test('the files are their owner’s alone, and the key is linked to wherever it is', async (t) => {
  const directory = join(temporaryDirectory(t), 'ssh');
  for (const key of ['/keys/one', '/keys/two', '']) {
    await writeSshNames(directory, { hosts: `${key}\n`, knownHosts: '' }, key);
    assert.equal(readFileSync(join(directory, 'hosts'), 'utf8'), `${key}\n`);
    assert.equal(readlinkSync(join(directory, 'identity')), key || '/keys/two');
  }
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  for (const file of ['hosts', 'known_hosts'])
    assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600);
});
