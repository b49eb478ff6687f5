import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { chooseHostEnd, choosePort, kernelNetworkWords } from '../../src/network/addresses.ts';
import { deniedAmong, deniedNetworks, localAddresses } from '../../src/network/denied.ts';

/** A /24 that no user of this machine has. */
const uid = 256 * 1000 + 251;

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

test('a VM gets the first address that is neither another’s nor bound', async () => {
  assert.deepEqual(await chooseHostEnd(new Set(), uid), { address: '127.66.251.1', port: 2222 });
  const server = await listen('127.66.251.2', 2222);
  try {
    const end = await chooseHostEnd(new Set(['127.66.251.1']), uid);
    assert.deepEqual(end, { address: '127.66.251.3', port: 2222 });
  } finally {
    server.close();
  }
});

test('another port is taken where somebody listens on all addresses', async () => {
  const server = await listen('127.66.251.1', 2222);
  try {
    const port = await choosePort('127.66.251.1');
    assert.notEqual(port, 2222);
    assert.ok(port >= 1024);
    assert.equal(await choosePort('127.66.251.1', port), port);
  } finally {
    server.close();
  }
});

test('no address is left when all are taken', async () => {
  const all = new Set(Array.from({ length: 254 }, (_, index) => `127.66.251.${index + 1}`));
  await assert.rejects(chooseHostEnd(all, uid), { code: 'HostNotReady' });
});

test('the guest gets its address, its gateway and its resolver', () => {
  assert.equal(kernelNetworkWords(true, ['9.9.9.9', '1.1.1.1']).at(-1), 'banger.dns=9.9.9.9,1.1.1.1');
  assert.deepEqual(kernelNetworkWords(), [
    'banger.ip=10.0.2.100/24',
    'banger.gw=10.0.2.2',
    'banger.dns=10.0.2.3',
  ]);
  assert.deepEqual(kernelNetworkWords(false), ['banger.ip=10.0.2.100/24']);
});

test('the host’s own addresses are denied, and its LAN unless asked for', () => {
  const own = ['127.0.0.1', '203.0.113.7'];
  assert.deepEqual(deniedNetworks(true, own), ['169.254.0.0/16', '203.0.113.7/32']);
  const denied = deniedNetworks(false, own);
  assert.ok(denied.includes('192.168.0.0/16') && denied.includes('10.0.0.0/8'));
});

test('the host’s own addresses are all that the kernel takes for local', () => {
  const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 127.0.0.0
        /8 host LOCAL
     |-- 203.0.113.0
        /24 link UNICAST
     |-- 203.0.113.7
        /32 link UNICAST
        /32 host LOCAL
     |-- 203.0.113.255
        /32 link BROADCAST
Local:
     |-- 203.0.113.7
        /32 host LOCAL
     |-- 198.51.100.1
        /32 host LOCAL
`;
  assert.deepEqual(localAddresses(trie), ['203.0.113.7', '198.51.100.1']);
  assert.ok(localAddresses().includes('127.0.0.1'), 'the table of this kernel is not understood');
});

test('name servers in denied networks are found, but not the one of the guest’s own network', () => {
  const denied = deniedNetworks(false, ['203.0.113.7']);
  const servers = ['9.9.9.9', '192.168.1.1', '10.0.2.3', '203.0.113.7', '203.0.113.8', '172.32.0.1'];
  assert.deepEqual(deniedAmong(servers, denied), ['192.168.1.1', '203.0.113.7']);
});
