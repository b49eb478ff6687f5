import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicKey } from '../../src/ssh/key-pair.ts';
import { macAddress, makeIdentity, randomMachineId } from '../../src/vm/identity.ts';

test('each VM has an identity of its own', async () => {
  const [one, other] = await Promise.all([makeIdentity('one'), makeIdentity('other')]);
  assert.notEqual(one.machineId, other.machineId);
  assert.notEqual(one.hostKey.publicKey, other.hostKey.publicKey);
  assert.match(one.hostKey.privateKey, /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
  assert.match(one.hostKey.publicKey, /^ssh-ed25519 \S+ root@one$/);
  assert.ok(isPublicKey(one.hostKey.publicKey));
});

test('a machine id is what machine-id(5) says', () => {
  for (let i = 0; i < 200; i++)
    assert.match(randomMachineId(), /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
});

test('a hardware address is of one interface, locally administered and always the same', () => {
  const addresses = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const address = macAddress(`vm${i}`);
    assert.match(address, /^02(:[0-9a-f]{2}){5}$/);
    assert.equal(macAddress(`vm${i}`), address);
    addresses.add(address);
  }
  assert.equal(addresses.size, 500);
});
