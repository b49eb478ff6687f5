import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIpv4, parseIpv4, parseNetwork } from '../../src/common/ipv4.ts';
import type { Link, OwnLink } from '../../src/netd/links.ts';
import { bridgeName, maxTaps, readName, requireOwnTap, resolverName, tapName } from '../../src/netd/names.ts';
import { requireOwnServer } from '../../src/netd/sockets.ts';
import { chooseSubnet, isForGuest, wantedSubnet } from '../../src/netd/subnets.ts';
import { Sweep } from '../../src/netd/sweep.ts';
import { changed, formatAlias, parseAlias } from '../../src/netd/taps.ts';

const pool = { base: parseIpv4('172.30.0.0') ?? 0, prefix: 16 };

function link(name: string, more: Partial<OwnLink> = {}): OwnLink {
  const owned = readName(name) ?? { kind: 'tap' as const, uid: 0 };
  return {
    ...{ index: 1, name, mac: '', alias: '', master: undefined, isUp: true, hasCarrier: false },
    ...{ isIsolated: true, addresses: [], ...owned, ...more },
  };
}

test('addresses and networks are read as they are written, and nothing else is', () => {
  for (const text of ['0.0.0.0', '172.30.232.1', '255.255.255.255']) {
    assert.equal(formatIpv4(parseIpv4(text) ?? -1), text);
  }
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '1.2.3.',
    '::1',
    '1.2.3.4\n5',
    '0x7f.1',
  ]) {
    assert.equal(parseIpv4(text), undefined, JSON.stringify(text));
  }
  for (const text of [
    '172.30.0.1/16',
    '172.30.0.0/33',
    '172.30.0.0/016',
    '172.30.0.0',
    '/24',
    '172.30.0.0/-1',
  ]) {
    assert.equal(parseNetwork(text), undefined, text);
  }
});

test('every name of every uid fits an interface and leads back to it', () => {
  for (const uid of [0, 1000, 65_534, 4_294_967_294]) {
    for (const name of [bridgeName(uid), resolverName(uid), tapName(uid, 0), tapName(uid, maxTaps - 1)]) {
      assert.ok(name.length <= 15, name);
      assert.equal(readName(name)?.uid, uid, name);
    }
    const all = new Set(Array.from({ length: maxTaps }, (_, index) => tapName(uid, index)));
    assert.equal(all.size, maxTaps);
  }
  for (const name of [
    'bngr',
    'bngr01',
    'bngr1000x',
    'bgt1000',
    'bgt1000a',
    'bgt1000A0',
    'bgt1000h0',
    'bngr4294967295',
    'xbngr1',
    'eth0',
  ]) {
    assert.equal(readName(name), undefined, name);
  }
  assert.throws(() => requireOwnTap(1000, 'bgt1001a0'), { code: 'AccessDenied' });
  assert.throws(() => requireOwnTap(1000, 'bngr1000'), { code: 'AccessDenied' });
});

test('users with the same place in the pool get networks of their own, and none that the host has or leads to', () => {
  const links: Link[] = [];
  const bases = new Set<number>();
  // Twice as many users as would have a place of their own, up to a full pool.
  for (let uid = 1000; uid < 1000 + 128; uid++) {
    for (const each of [uid, uid + 256]) {
      const subnet = chooseSubnet(each, pool, links, []);
      assert.ok(!bases.has(subnet.base));
      bases.add(subnet.base);
      links.push(link(bridgeName(each), { addresses: [{ address: subnet.gateway, prefix: 24 }] }));
    }
  }
  assert.throws(() => chooseSubnet(9, pool, links, []), { code: 'HostNotReady', message: /netd\.toml/ });
  const route = { base: parseIpv4('172.30.232.128') ?? 0, prefix: 25 };
  assert.equal(formatIpv4(chooseSubnet(1000, pool, [], [route]).gateway), '172.30.233.1');
  const lan = link('eth0', { addresses: [{ address: parseIpv4('172.30.233.77') ?? 0, prefix: 23 }] });
  assert.equal(formatIpv4(chooseSubnet(1000, pool, [lan], []).gateway), '172.30.234.1');
  const wanted = wantedSubnet('172.30.9.0/24', pool);
  assert.equal(chooseSubnet(1000, pool, [], [], wanted), wanted);
  assert.deepEqual(
    [0, 1, 2, 253, 254, 255].map((offset) => isForGuest(wanted, wanted.base + offset)),
    [false, false, true, true, false, false],
  );
});

test('what a tap is for is kept in its alias and read back, and an alias of anybody else is none', () => {
  const guest = changed(undefined, { address: '172.30.1.2', mac: '02:00:00:00:00:0A', nat: true });
  assert.deepEqual(parseAlias(link('bgt1a0', { alias: formatAlias(guest) })), guest);
  assert.equal(parseAlias(link('bgt1a0', { alias: formatAlias(undefined) })), undefined);
  for (const alias of [
    '',
    'other 172.30.1.2 02:00:00:00:00:01',
    'banger 172.30.1.2',
    'banger x 02:00:00:00:00:01',
    'banger 172.30.1.2 03:00:00:00:00:01',
  ]) {
    assert.equal(parseAlias(link('bgt1a0', { alias })), undefined, alias);
  }
  const off = changed(guest, { nat: false, peers: true });
  assert.deepEqual([off?.nat, off?.peers, off?.address], [false, true, guest?.address]);
  assert.equal(changed(guest, { address: '' }), undefined);
  for (const options of [{ mac: '02:00:00:00:00:01' }, { address: '172.30.1.2' }, { nat: true }]) {
    assert.throws(() => changed(undefined, options), { code: 'InvalidArgs' });
  }
});

test('a DNS server is a user’s only if nobody else has the port on the loopback, over TCP too', () => {
  const line = (address: string, port: number, uid: number, state = '07') =>
    `  1: ${address}:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 ${uid} 0 1 2 0`;
  const files =
    (udp: string[], tcp: string[] = []) =>
    (name: string) =>
      ['head', ...(name === 'udp' ? udp : tcp), ''].join('\n');
  const own = line('0100007F', 42_069, 1000);
  const granted = [
    files([own]),
    files([own], [line('0100007F', 42_069, 1000, '0A')]),
    files([own, line('0100007F', 53, 101)], [line('00000000', 22, 0, '0A')]),
    // An end of a connection is no server.
    files([own], [line('0100007F', 42_069, 1001, '01')]),
  ];
  const refused = [
    files([]),
    files([line('0100007F', 42_069, 1001)]),
    files([own, line('0100007F', 42_069, 1001)]),
    files([line('00000000', 42_069, 1000)]),
    files([own], [line('0100007F', 42_069, 1001, '0A')]),
    files([own], [line('00000000', 42_069, 1001, '0A')]),
  ];
  for (const read of granted) requireOwnServer(1000, 42_069, read);
  for (const read of refused)
    assert.throws(() => requireOwnServer(1000, 42_069, read), { code: 'AccessDenied' });
});

test('what is left of a user goes after the grace, and not while a tap is open or the user is there', () => {
  let connected = [1000];
  const sweep = new Sweep(60_000, (uid) => connected.includes(uid));
  const links = [
    link('bngr1000'),
    link('bgt1000a0'),
    link('bngr1001'),
    link('bgt1001a0', { hasCarrier: true }),
    link('bngr1002'),
    link('bdns1003'),
  ];
  assert.deepEqual(sweep.gone(links, 0), []);
  assert.deepEqual(sweep.gone(links, 59_999), []);
  assert.deepEqual(sweep.gone(links, 60_000), [1002]);
  connected = [];
  assert.deepEqual(sweep.gone(links.slice(0, 4), 60_000), []);
  connected = [1000];
  assert.deepEqual(sweep.gone(links.slice(0, 4), 90_000), []);
  connected = [];
  assert.deepEqual(sweep.gone(links.slice(0, 4), 120_000), [], 'its grace begins anew');
  assert.deepEqual(sweep.gone(links.slice(0, 4), 180_000), [1000]);
});
