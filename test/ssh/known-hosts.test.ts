import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownHostsLine } from '../../src/ssh/known-hosts.ts';

test('known_hosts names a VM by its id', () => {
  assert.equal(knownHostsLine('abc', 'ssh-ed25519 AAAA root@x\n'), 'banger-abc ssh-ed25519 AAAA\n');
});
