/** banger-netd from the package: what it grants to users, what it refuses, and what is left when somebody is gone. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { partOfCommit } from '../support/commit-part.ts';
import { checkout } from '../support/guest-home.ts';
import { until } from '../support/program.ts';
import { apt, sharedDeb } from './support/deb.ts';
import type { TestHost } from './support/host.ts';
import {
  graceMs,
  leftovers,
  NetdClient,
  netdPid,
  openNetdHost,
  ownLinks,
  TapGuest,
  unit,
} from './support/netd.ts';
import { write } from './support/service.ts';

/** What the guest's frames must not reach, and what they may: where each listens. */
const outside = '198.51.100.2';
const lan = '192.168.77.2';
const cloud = '169.254.169.254';
const hostOutside = '198.51.100.1';
const port = 7_000;
const heard = '/run/heard';
/** A run kills netd in every how many kinds of call, and there before every how many steps; these share no divisor. */
const [killCalls, killSteps] = [3, 8];

let host: TestHost;
let deb: string;
let alice: NetdClient;
let bob: NetdClient;
before(async () => {
  deb = await sharedDeb();
  host = await openNetdHost(deb, 'alice', 'bob');
  // The outside is another namespace, with the LAN and a cloud's metadata behind the same way out.
  await host.rootSays(
    ...['sh', '-euc'],
    `ip netns add outside
     ip link add up0 type veth peer name up1 netns outside
     ip address add ${hostOutside}/24 dev up0
     ip address add 192.168.77.1/24 dev up0
     ip address add 10.99.0.1/32 dev lo
     ip link set up0 up
     for address in ${outside}/24 ${lan}/24 ${cloud}/32; do ip -n outside address add $address dev up1; done
     ip -n outside link set up1 up
     ip -n outside link set lo up
     ip route add ${cloud}/32 dev up0
     ip route add default via ${outside}
     printf 'nameserver 127.0.0.53\\n' >/etc/resolv.conf
     mkdir -p /run/systemd/resolve
     resolvectl dns up0 ${lan}`,
  );
  // Each prints what it hears, with the sender, and answers.
  const listener = `import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", int(sys.argv[1])))
out = open("${heard}", "a")
while True:
    text, sender = s.recvfrom(2000)
    print(sys.argv[2], sender[0], text.decode(), file=out, flush=True)
    s.sendto(b"heard " + text, sender)`;
  write(host, '/usr/local/lib/listener.py', listener);
  for (const [number, name] of [
    [port, 'port'],
    [53, 'dns'],
  ] as const) {
    host.startAsRoot(
      [
        'ip',
        'netns',
        'exec',
        'outside',
        'python3',
        '/usr/local/lib/listener.py',
        `${number}`,
        `outside-${name}`,
      ],
      { timeoutMs: 900_000 },
    );
  }
  host.startAsRoot(['python3', '/usr/local/lib/listener.py', `${port}`, 'host'], { timeoutMs: 900_000 });
  await until('the canaries listen', async () => {
    const { stdout } = await host.asRoot(['ip', 'netns', 'exec', 'outside', 'ss', '-lunH']);
    return (
      stdout.toString().includes(`:${port}`) && (await host.rootSays('ss', '-lunH')).includes(`:${port}`)
    );
  });
  alice = new NetdClient(host, 'alice');
  bob = new NetdClient(host, 'bob');
});
after(() => host.close());

const bridge = (uid: number) => `bngr${uid}`;
const macOf = async (name: string) => (await host.rootSays('cat', `/sys/class/net/${name}/address`)).trim();
const hears = async (text: string) => {
  const { stdout } = await host.asRoot(['grep', '-F', ` ${text}`, heard]);
  return stdout.toString().trim().replace(` ${text}`, '');
};

test('the unit is confined as far as Node lets it be', async () => {
  const { stdout } = await host.asRoot(['systemd-analyze', 'security', '--no-pager', unit]);
  const [, exposure = '9'] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout.toString()) ?? [];
  assert.ok(Number(exposure) <= 2, `exposure ${exposure}`);
});

test('each user has a separate network, a bridge and taps that no other user may open', async () => {
  const own = (await alice.call('EnsureBridge', 'a{sv}', {})) as Record<string, unknown>;
  assert.deepEqual(own, {
    name: 'bngr1000',
    address: '172.30.232.1',
    prefix: 24,
    dns: ['172.30.232.1'],
    uplinks: ['up0'],
  });
  const other = (await bob.call('EnsureBridge', 'a{sv}', {})) as Record<string, unknown>;
  assert.equal(other.address, '172.30.233.1');
  assert.equal(await alice.call('CreateTap', 'a{sv}', {}), 'bgt1000a0');
  const opened = await host.asUser('bob', [
    ...['python3', join(import.meta.dirname, 'programs/tap-guest.py')],
    ...['bgt1000a0', '02:00:00:00:00:02', '172.30.232.2'],
  ]);
  assert.match(opened.stderr, /PermissionError: .*Operation not permitted/);
  const ipv6 = await host.rootSays('ip', '-6', 'address', 'show', 'dev', 'bngr1000');
  assert.equal(ipv6, '');
});

test('other requests of users are refused, and change nothing', async () => {
  const before = await ownLinks(host);
  const rules = await host.rootSays('nft', 'list', 'ruleset');
  await bob.answer({ bind: 42_069 });
  const tap = { address: '172.30.232.7', mac: '02:00:00:00:00:07' };
  const tries: [
    who: NetdClient,
    what: string,
    error: string,
    member: string,
    signature: string,
    ...body: unknown[],
  ][] = [
    [bob, "alice's tap changed", 'AccessDenied', 'SetTap', 'sa{sv}', 'bgt1000a0', { nat: true }],
    [bob, "alice's tap removed", 'AccessDenied', 'DeleteTap', 'sa{sv}', 'bgt1000a0', {}],
    [bob, "alice's bridge by the name of a tap", 'AccessDenied', 'DeleteTap', 'sa{sv}', 'bngr1000', {}],
    [bob, 'a foreign interface removed', 'AccessDenied', 'DeleteTap', 'sa{sv}', 'up0', {}],
    [bob, 'the loopback removed', 'AccessDenied', 'DeleteTap', 'sa{sv}', 'lo', {}],
    [bob, 'a name with a shell command', 'AccessDenied', 'DeleteTap', 'sa{sv}', 'bgt1001a0; reboot', {}],
    [
      bob,
      'a name with two lines for ip',
      'AccessDenied',
      'DeleteTap',
      'sa{sv}',
      'bgt1001a0\nlink del up0',
      {},
    ],
    [bob, 'an empty name', 'AccessDenied', 'SetTap', 'sa{sv}', '', {}],
    [bob, 'a very long name', 'AccessDenied', 'SetTap', 'sa{sv}', 'b'.repeat(100_000), {}],
    [bob, 'another uid with zeros in front', 'AccessDenied', 'SetTap', 'sa{sv}', 'bgt01000a0', {}],
    [bob, "an address of alice's network", 'InvalidArgs', 'CreateTap', 'a{sv}', tap],
    [bob, "the host's address", 'InvalidArgs', 'CreateTap', 'a{sv}', { ...tap, address: '172.30.233.1' }],
    [
      bob,
      'the broadcast address',
      'InvalidArgs',
      'CreateTap',
      'a{sv}',
      { ...tap, address: '172.30.233.255' },
    ],
    [
      bob,
      'an address outside of the pool',
      'InvalidArgs',
      'CreateTap',
      'a{sv}',
      { ...tap, address: '192.168.77.9' },
    ],
    [
      bob,
      'an address with rules in it',
      'InvalidArgs',
      'CreateTap',
      'a{sv}',
      { ...tap, address: '172.30.233.7 } ; flush ruleset' },
    ],
    [
      bob,
      'a MAC address with a command',
      'InvalidArgs',
      'CreateTap',
      'a{sv}',
      { ...tap, address: '172.30.233.7', mac: '$(reboot)' },
    ],
    [
      bob,
      'a MAC address of many',
      'InvalidArgs',
      'CreateTap',
      'a{sv}',
      { ...tap, address: '172.30.233.7', mac: 'ff:ff:ff:ff:ff:ff' },
    ],
    [bob, 'an option that there is not', 'InvalidArgs', 'CreateTap', 'a{sv}', { name: 'eth0' }],
    [bob, 'a uid as an option', 'InvalidArgs', 'EnsureBridge', 'a{sv}', { uid: 1000 }],
    [
      bob,
      'a network outside of the pool',
      'InvalidArgs',
      'EnsureBridge',
      'a{sv}',
      { network: '192.168.77.0/24' },
    ],
    [bob, 'more than a /24', 'InvalidArgs', 'EnsureBridge', 'a{sv}', { network: '172.30.0.0/16' }],
    [bob, "alice's network", 'InUse', 'EnsureBridge', 'a{sv}', { network: '172.30.232.0/24' }],
    [bob, 'an argument of another type', 'InvalidArgs', 'DeleteTap', 'ua{sv}', 7, {}],
    [bob, 'a method that there is not', 'UnknownMethod', 'Execute', 's', 'id'],
    [alice, "a resolver at bob's socket", 'AccessDenied', 'SetResolver', 'sqa{sv}', '127.0.0.1', 42_069, {}],
    [alice, "resolved's own port", 'AccessDenied', 'SetResolver', 'sqa{sv}', '127.0.0.1', 53, {}],
    [alice, 'a port that nobody has', 'AccessDenied', 'SetResolver', 'sqa{sv}', '127.0.0.1', 9, {}],
    [alice, 'a resolver elsewhere', 'InvalidArgs', 'SetResolver', 'sqa{sv}', outside, 53, {}],
    [alice, 'a resolver on all addresses', 'InvalidArgs', 'SetResolver', 'sqa{sv}', '0.0.0.0', 42_069, {}],
  ];
  const rows: string[] = [];
  for (const [who, what, error, member, signature, ...body] of tries) {
    const [name, message] = await who.refused(member, signature, ...body);
    assert.equal(name, error, `${what}: ${message}`);
    assert.doesNotMatch(message, /internal error/);
    rows.push(`| ${what} | ${member} | ${name}: ${message.slice(0, 110).replaceAll('|', '\\|')} |`);
  }
  assert.deepEqual(await ownLinks(host), before);
  assert.equal(await host.rootSays('nft', 'list', 'ruleset'), rules);
  mkdirSync(join(checkout, 'build/test'), { recursive: true });
  const table = ['| tried | by | refused with |', '|---|---|---|', ...rows, ''].join('\n');
  writeFileSync(join(checkout, 'build/test/netd-attacks.md'), table);
  await bob.answer({ close: 42_069 });
  // Nobody owns the name but root, and nobody is heard beside the methods there are.
  const owned = await host.asUser('bob', [
    ...['busctl', 'call', 'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName', 'su'],
    ...['org.banger.Network1', '0'],
  ]);
  assert.notEqual(owned.status, 0);
  process.stderr.write(`netd: ${tries.length} tries refused\n`);
});

test('frames reach the granted networks, and no other canary', async () => {
  const guests: Record<string, { tap: string; mac: string; address: string }> = {};
  for (const [name, client, last, options] of [
    ['a', alice, '232.10', { nat: true }],
    ['shut', alice, '232.11', { nat: false }],
    ['lan', alice, '232.12', { nat: true, lan: true }],
    ['peer', alice, '232.13', { nat: true, peers: true }],
    ['friend', alice, '232.14', { nat: false, peers: true }],
    ['bobs', bob, '233.10', { nat: true }],
  ] as const) {
    const [address, mac] = [
      `172.30.${last}`,
      `02:00:00:00:${last.replace('.', ':').replace(/\d(?=\d\d:)/, '')}`,
    ];
    const tap = String(await client.call('CreateTap', 'a{sv}', { address, mac, ...options }));
    guests[name] = { tap, mac, address };
  }
  const of = (name: string) => guests[name] ?? assert.fail(name);
  const open = async (name: string) => {
    const { tap, mac, address } = of(name);
    return await TapGuest.open(host, name === 'bobs' ? 'bob' : 'alice', tap, mac, address);
  };
  const running = new Map<string, TapGuest>();
  for (const name of Object.keys(guests)) running.set(name, await open(name));
  const [gateway, bobsGateway] = [await macOf(bridge(1000)), await macOf(bridge(1001))];
  const send = (
    name: string,
    to: string,
    more: { at?: string; port?: number; from?: string; mac?: string } = {},
  ) =>
    (running.get(name) ?? assert.fail(name)).send({
      to,
      port,
      at: name === 'bobs' ? bobsGateway : gateway,
      ...more,
    });
  // A bridge's port takes a moment to forward.
  await until('frames pass', async () => (await hears(send('a', outside))) !== '');
  const yes: [string, string][] = [
    ['a to the outside, by the address of the host', send('a', outside)],
    ['a to the name server of the host, though it is on the LAN', send('a', '172.30.232.1', { port: 53 })],
    ['lan to the LAN', send('lan', lan)],
    ['bobs to the outside', send('bobs', outside)],
  ];
  const no: [string, string][] = [
    ['a to the LAN', send('a', lan)],
    ["a to the cloud's metadata", send('a', cloud)],
    ['lan to the metadata', send('lan', cloud)],
    ["a to the host's address outside", send('a', hostOutside)],
    ["a to the host's address on the LAN", send('a', '192.168.77.1')],
    ["a to the host's address on the bridge", send('a', '172.30.232.1')],
    ["a to another address of the host's loopback", send('a', '10.99.0.1')],
    ['a to 127.0.0.1', send('a', '127.0.0.1')],
    ["a to bob's gateway", send('a', '172.30.233.1')],
    ['lan to the host', send('lan', hostOutside)],
    ['shut to the outside', send('shut', outside)],
    ['shut to the name server', send('shut', '172.30.232.1', { port: 53 })],
    ["a as another of alice's", send('a', outside, { from: of('lan').address })],
    ['a with the address of the outside', send('a', outside, { from: '203.0.113.9' })],
    ['a with another MAC address', send('a', outside, { mac: '02:00:00:00:99:99' })],
    [
      "shut with a's address and MAC address",
      send('shut', outside, { from: of('a').address, mac: of('a').mac }),
    ],
  ];
  const between: [string, string, string][] = (
    [
      ['a', 'lan', 'two guests'],
      ['a', 'peer', 'a guest and one that has peers'],
      ['bobs', 'a', "bob's guest and alice's"],
    ] as const
  ).map(([from, to, what]) => [
    what,
    to,
    send(from, of(to).address, { at: from === 'bobs' ? bobsGateway : of(to).mac }),
  ]);
  const routed = send('a', of('lan').address);
  const friends = send('peer', of('friend').address, { at: of('friend').mac });
  const told = (name: string) => running.get(name)?.program.stdout() ?? '';
  await until('peers hear each other', () => told('friend').includes(friends));
  for (const [what, text] of yes) await until(what, async () => (await hears(text)) !== '');
  // All that is sent later has arrived, so what was sent before would have.
  assert.match(
    await hears(yes[0]?.[1] ?? ''),
    /^outside-port 198\.51\.100\.1$/,
    'it comes by the address of the host',
  );
  assert.match(await hears(yes[1]?.[1] ?? ''), /^outside-dns /);
  await until('the answer comes', () => told('a').includes(`heard ${yes[0]?.[1]}`));
  for (const [what, text] of no) assert.equal(await hears(text), '', what);
  for (const [what, to, text] of between) assert.ok(!told(to).includes(text), what);
  assert.ok(!told('lan').includes(routed), 'two guests by way of the host');

  await alice.call('SetTap', 'sa{sv}', of('a').tap, { nat: false });
  const shut = send('a', outside);
  const still = send('lan', outside);
  await until('another still reaches it', async () => (await hears(still)) !== '');
  assert.equal(await hears(shut), '', 'NAT was taken away');
  await alice.call('SetTap', 'sa{sv}', of('a').tap, { nat: true });
  const again = send('a', outside);
  await until('NAT is given back', async () => (await hears(again)) !== '');
  // Somebody flushes all rules, as nftables.service does when it is started.
  await host.rootSays('nft', 'flush', 'ruleset');
  await until('the rules are there again', async () =>
    (await host.rootSays('nft', 'list', 'ruleset')).includes('guest_to_outside'),
  );
  const afterFlush = send('a', lan);
  await until('guests reach the outside again', async () => (await hears(send('lan', outside))) !== '');
  assert.equal(await hears(afterFlush), '');
  assert.equal(await host.rootSays('sysctl', '-n', 'net.ipv4.ip_forward'), '0');
  assert.equal(await host.rootSays('sysctl', '-n', 'net.ipv4.conf.up0.forwarding'), '1');
  // A kill cuts nobody off, and what runs stays although its user's connection is gone.
  const pid = await netdPid(host);
  await host.rootSays('kill', '-9', pid);
  const meanwhile = send('a', outside);
  await until('without netd guests go on', async () => (await hears(meanwhile)) !== '');
  await until('netd is back', async () => !['0', pid].includes(await netdPid(host)));
  for (const guest of running.values()) await guest.end();
  process.stderr.write(`netd: ${yes.length + 1} paths open, ${no.length + between.length + 1} shut\n`);
});

test('thousands of calls make neither netd nor others wait, and no more than is allowed', async () => {
  const flood = bob.answer({ flood: 'CreateTap', signature: 'a{sv}', body: [{}], times: 3_000 }, 120_000);
  const begun = performance.now();
  await alice.call('ListTaps', 'a{sv}', {});
  const waited = performance.now() - begun;
  const answer = await flood;
  assert.ok('result' in answer);
  const counts = answer.result as Record<string, number>;
  assert.ok(waited < 5_000, `alice waited ${waited} ms`);
  const taps = (await bob.call('ListTaps', 'a{sv}', {})) as unknown[];
  assert.ok(taps.length <= 64, `${taps.length} taps`);
  // What is beyond the bus's own limit does not even reach netd.
  const { granted = 0, 'org.banger.Error.Busy': busy = 0 } = counts;
  const beyond = counts['org.freedesktop.DBus.Error.LimitsExceeded'] ?? 0;
  assert.equal(granted + busy + beyond, 3_000, JSON.stringify(counts));
  assert.ok(granted <= 64 && busy > 0, JSON.stringify(counts));
  const memory = await host.rootSays('systemctl', 'show', '--value', '--property=MainPID', unit);
  const [, rss = ''] = /VmRSS:\s+(\d+)/.exec(await host.rootSays('cat', `/proc/${memory}/status`)) ?? [];
  assert.ok(Number(rss) < 250_000, `${rss} KiB`);
  process.stderr.write(
    `netd: 3,000 calls at once: ${JSON.stringify(counts)}, another user waited ${waited.toFixed(0)} ms\n`,
  );
  await bob.call('RemoveBridge', 'a{sv}', {});
});

const domains = async (uid: number) => {
  const { stdout } = await host.asRoot(['resolvectl', '--no-pager', 'domain', `bdns${uid}`]);
  return stdout
    .toString()
    .trim()
    .replace(/^.*?: ?/, '')
    .split(' ')
    .sort()
    .join(' ');
};

test('resolved asks the server of a user as long as it is his, and one user at a time for all of vm', async () => {
  const set = (who: NetdClient, port: number) => who.call('SetResolver', 'sqa{sv}', '127.0.0.1', port, {});
  await alice.answer({ bind: 42_069 });
  await bob.answer({ bind: 42_070 });
  assert.deepEqual(await set(alice, 42_069), ['alice.vm', 'vm']);
  assert.deepEqual(await set(bob, 42_070), ['bob.vm']);
  assert.deepEqual(await set(bob, 42_070), ['bob.vm'], 'again');
  assert.deepEqual([await domains(1000), await domains(1001)], ['~alice.vm ~vm', '~bob.vm']);
  assert.match(await host.rootSays('resolvectl', 'dns', 'bdns1000'), /127\.0\.0\.1:42069$/);
  const status = await host.rootSays('resolvectl', '--no-pager', 'status', 'bdns1000');
  assert.match(status, /-DefaultRoute -LLMNR -mDNS -DNSOverTLS DNSSEC=no/);
  // Killed and started again, of netd and of resolved.
  const pid = await netdPid(host);
  await host.rootSays('kill', '-9', pid);
  await until('netd is back', async () => !['0', pid].includes(await netdPid(host)));
  await host.rootSays('systemctl', 'restart', 'systemd-resolved.service');
  await until('resolved has it again', async () => (await domains(1000)) === '~alice.vm ~vm');
  // The socket is closed and taken by another, while its owner stays on the bus.
  await alice.answer({ close: 42_069 });
  await bob.answer({ bind: 42_069 });
  await until('it is withdrawn', async () => !(await ownLinks(host)).includes('bdns1000'), 10_000);
  await until('the next has all of vm', async () => (await domains(1001)) === '~bob.vm ~vm');
  await bob.answer({ close: 42_069 });
  // A caller that vanishes, also by a kill, has its resolver withdrawn before anybody takes the port.
  await alice.answer({ bind: 42_069 });
  await set(alice, 42_069);
  await alice.end();
  const begun = performance.now();
  await until('it is withdrawn', async () => !(await ownLinks(host)).includes('bdns1000'));
  process.stderr.write(
    `netd: the resolver of who left was withdrawn within ${(performance.now() - begun).toFixed(0)} ms\n`,
  );
  // One that vanishes while netd is not there.
  alice = new NetdClient(host, 'alice');
  await alice.answer({ bind: 42_069 });
  await set(alice, 42_069);
  await host.rootSays('systemctl', 'kill', '--signal=STOP', unit);
  await alice.end();
  await host.rootSays('kill', '-9', await netdPid(host));
  await until('the next netd withdraws it', async () => !(await ownLinks(host)).includes('bdns1000'));
  alice = new NetdClient(host, 'alice');
  await host.rootSays('systemctl', 'stop', unit);
  assert.deepEqual(
    (await ownLinks(host)).filter((name) => name.startsWith('bd')),
    [],
    'nobody watches whose they are',
  );
});

test('killed at a step, netd leaves nothing that the next one does not finish or take back', async () => {
  // In front of the programs that it runs, which are its steps: each is counted, and before one of them it is killed.
  const step = (program: string) => `#!/bin/sh
[ "$1" != monitor ] || exec /usr/sbin/${program} "$@"
count=$(cat /run/steps/count)
echo $((count + 1)) >/run/steps/count
[ "$count" != "$(cat /run/steps/kill)" ] || { kill -9 "$PPID"; sleep 5; }
exec /usr/sbin/${program} "$@"
`;
  for (const program of ['ip', 'nft']) {
    write(host, `/usr/local/sbin/${program}`, step(program));
    await host.rootSays('chmod', '755', `/usr/local/sbin/${program}`);
  }
  write(host, '/run/steps/count', '0');
  write(host, '/run/steps/kill', '-');
  const dropIn = `/etc/systemd/system/${unit}.d/steps.conf`;
  write(host, dropIn, '[Service]\nReadWritePaths=/run/steps\nEnvironment=BANGER_NETD_GRACE_MS=120000\n');
  await host.rootSays('systemctl', 'daemon-reload');
  await host.rootSays('systemctl', 'restart', unit);
  await alice.answer({ bind: 42_069 });
  const tap = { address: '172.30.232.40', mac: '02:00:00:00:00:40', nat: true };
  const remove = async () => {
    await alice.call('RemoveResolver', 'a{sv}', {});
    await alice.call('RemoveBridge', 'a{sv}', {});
  };
  const create = () => alice.call('CreateTap', 'a{sv}', tap);
  const nothing = async () => undefined;
  const procedures: [
    what: string,
    before: () => Promise<unknown>,
    ...call: [string, string, ...unknown[]],
  ][] = [
    ['make a bridge', nothing, 'EnsureBridge', 'a{sv}', {}],
    ['make a tap', nothing, 'CreateTap', 'a{sv}', tap],
    ['change a tap', create, 'SetTap', 'sa{sv}', 'bgt1000a0', { nat: false, peers: true }],
    ['remove a tap', create, 'DeleteTap', 'sa{sv}', 'bgt1000a0', {}],
    ['remove a bridge', create, 'RemoveBridge', 'a{sv}', {}],
    ['set a resolver', nothing, 'SetResolver', 'sqa{sv}', '127.0.0.1', 42_069, {}],
  ];
  const isWhole = process.env.BANGER_NETD_KILLS === '1';
  const part = await partOfCommit(killCalls * killSteps, checkout);
  const rows: string[] = [];
  await remove();
  const chosenCalls = procedures.filter((_, index) => isWhole || index % killCalls === part % killCalls);
  for (const [what, before, member, signature, ...body] of chosenCalls) {
    const count = async () => Number(await host.rootSays('cat', '/run/steps/count'));
    await before();
    write(host, '/run/steps/count', '0');
    await alice.call(member, signature, ...body);
    const steps = await count();
    assert.ok(steps >= 3, `${what} has ${steps} steps`);
    const expected = await seen();
    await remove();
    assert.deepEqual(await leftovers(host), [], what);
    const chosen = Array.from({ length: steps }, (_, step) => step).filter(
      (step) => isWhole || step % killSteps === (part % killSteps) % steps,
    );
    let kills = 0;
    for (const step of chosen) {
      const where = `${what}, killed before step ${step + 1}`;
      let isKilled = false;
      for (let tries = 0; ; tries++) {
        assert.ok(tries < 20, `${where}: it is never killed`);
        await before();
        const pid = await netdPid(host);
        write(host, '/run/steps/count', '0');
        write(host, '/run/steps/kill', String(step));
        const answer = await alice.answer({ call: member, signature, body });
        write(host, '/run/steps/kill', '-');
        isKilled = 'error' in answer;
        if (isKilled) {
          await until('netd is back', async () => !['0', pid].includes(await netdPid(host)));
          break;
        }
        assert.deepEqual(await seen(), expected, where);
        const passed = await count();
        await remove();
        // Where netd looked at the host by itself, steps were counted that the call does not have.
        if (passed <= step) break;
      }
      if (!isKilled) continue;
      kills++;
      // What the next one makes of it by itself is whole: no tap is off the bridge, and no bridge without rules.
      await alice.call('ListTaps', 'a{sv}', {});
      const found = await seen();
      for (const line of found.filter((text) => text.startsWith('bgt')))
        assert.match(line, / bngr1000 /, where);
      assert.equal(
        found.includes('rules'),
        found.some((text) => text.startsWith('bngr')),
        where,
      );
      // And what was asked for comes about when it is asked for again, if it has not been done.
      const again = await alice.answer({ call: member, signature, body });
      if ('error' in again) assert.match(again.message, /is that of bgt1000a0/, where);
      assert.deepEqual(await seen(), expected, where);
      await remove();
      assert.deepEqual(await leftovers(host), [], where);
    }
    assert.ok(kills >= (isWhole ? 3 : 1), `${what} was killed at ${kills} of ${steps} steps`);
    rows.push(`| ${what} | ${kills} of ${steps} |`);
  }
  const table = ['| what | kills |', '|---|---|', ...rows, ''].join('\n');
  writeFileSync(join(checkout, 'build/test/netd-kills.md'), table);
  process.stderr.write(`netd: killed at steps of part ${part}: ${rows.join(' ')}\n`);
  await alice.answer({ close: 42_069 });
  await host.rootSays('rm', '/usr/local/sbin/ip', '/usr/local/sbin/nft', dropIn);
  await host.rootSays('systemctl', 'daemon-reload');
  await host.rootSays('systemctl', 'restart', unit);
});

/** Netd's interfaces with bridge, alias and isolation, whether there are rules, and what forwards. */
async function seen(): Promise<string[]> {
  const links: {
    ifname: string;
    master?: string;
    ifalias?: string;
    linkinfo?: { info_slave_data?: { isolated?: boolean } };
  }[] = JSON.parse(await host.rootSays('/usr/sbin/ip', '-json', '-details', 'link', 'show'));
  const all = await leftovers(host);
  return [
    ...links
      .filter(({ ifname }) => all.includes(ifname) && !ifname.startsWith('bdnp'))
      .map(
        ({ ifname, master, ifalias, linkinfo }) =>
          `${ifname} ${master} ${ifalias} ${linkinfo?.info_slave_data?.isolated}`,
      ),
    ...(all.some((line) => line.includes('table')) ? ['rules'] : []),
    ...all.filter((line) => line.includes('/')),
  ];
}

test('the network of a deleted user is removed, and a user who is not allowed sees how to join', async () => {
  const tap = { address: '172.30.233.20', mac: '02:00:00:00:33:20', nat: true };
  const name = String(await bob.call('CreateTap', 'a{sv}', tap));
  const guest = await TapGuest.open(host, 'bob', name, tap.mac, tap.address);
  await bob.end();
  await host.rootSays('gpasswd', '--delete', 'bob', 'banger');
  bob = new NetdClient(host, 'bob');
  const [error, message] = await bob.refused('EnsureBridge', 'a{sv}', {});
  assert.equal(error, 'AccessDenied');
  assert.match(message, /; run `sudo usermod -aG banger \$USER` and log in again$/);
  await bob.end();
  // Twice the time after which what nobody has open goes.
  const until2 = performance.now() + 2 * graceMs;
  await until('time has passed', () => performance.now() > until2);
  assert.ok((await ownLinks(host)).includes(name), 'a guest that runs keeps its tap');
  await guest.end();
  await until('bob is deleted', async () => (await host.asRoot(['userdel', 'bob'])).status === 0);
  await until(
    'all of bob is gone',
    async () => !(await ownLinks(host)).some((link) => link.includes('1001')),
    20_000,
  );
  await alice.call('RemoveBridge', 'a{sv}', {});
  await until('nothing is left', async () => (await leftovers(host)).length === 0);
  await until('netd ends', async () => (await netdPid(host)) === '0', 20_000);
});

test('wrong settings are refused with the cause, and settings are read again at each call', async () => {
  const settings = (text: string) => write(host, '/etc/banger/netd.toml', text);
  for (const [text, why] of [
    ['pool = "172.30.0.0/25"', /netd\.toml: pool must be an IPv4 network from \/8 to \/24/],
    ['pool = "169.254.0.0/16"', /pool must not have a part of 169\.254\.0\.0\/16/],
    ['pools = "x"', /pools is not a setting; the settings are pool, max_taps/],
    ['max_taps = 1000', /max_taps must be a whole number from 0 to 250/],
    ['uplinks = ["up0; reboot"]', /uplinks must be a list of interfaces/],
    ['pool = ', /netd\.toml: Invalid TOML/],
  ] as const) {
    settings(text);
    const [error, message] = await alice.refused('EnsureBridge', 'a{sv}', {});
    assert.equal(error, 'InvalidConfig', message);
    assert.match(message, why);
  }
  settings('pool = "100.100.0.0/24"\nmax_taps = 1\nallow_lan = false\n');
  assert.equal(
    ((await alice.call('EnsureBridge', 'a{sv}', {})) as { address: string }).address,
    '100.100.0.1',
  );
  const lanTap = { address: '100.100.0.9', mac: '02:00:00:00:00:09', lan: true };
  assert.equal((await alice.refused('CreateTap', 'a{sv}', lanTap))[0], 'AccessDenied');
  await alice.call('CreateTap', 'a{sv}', { ...lanTap, lan: false });
  assert.equal((await alice.refused('CreateTap', 'a{sv}', {}))[0], 'Busy');
  await alice.call('RemoveBridge', 'a{sv}', {});
  settings('');
});

test('an upgrade of the package cuts no guest, and its removal takes everything of everybody', async () => {
  const tap = { address: '172.30.232.60', mac: '02:00:00:00:00:60', nat: true };
  const name = String(await alice.call('CreateTap', 'a{sv}', tap));
  const guest = await TapGuest.open(host, 'alice', name, tap.mac, tap.address);
  const at = await macOf(bridge(1000));
  const passes = async () => (await hears(guest.send({ to: outside, port, at }))) !== '';
  await until('frames pass', passes);
  await alice.answer({ bind: 42_069 });
  await alice.call('SetResolver', 'sqa{sv}', '127.0.0.1', 42_069, {});
  const pid = await netdPid(host);
  await apt(host, 'install', '--reinstall', `/var/tmp/${basename(deb)}`);
  assert.ok(!['0', pid].includes(await netdPid(host)), 'netd was not started anew');
  await until('frames pass', passes);
  assert.equal(
    (await host.rootSays('cat', '/etc/banger/netd.toml')).trim(),
    '',
    'the settings are the administrator’s',
  );
  const said = await apt(host, 'remove', 'banger');
  assert.doesNotMatch(said, /banger-netd/);
  assert.deepEqual(await leftovers(host), []);
  assert.equal((await host.asRoot(['systemctl', 'cat', unit])).status, 1);
  await guest.end();
});
