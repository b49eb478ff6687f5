/** Names of VMs through banger-netd and systemd-resolved, of two users at once; and what doctor tells of networks. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/program.ts';
import type { UserName } from './support/commands.ts';
import { sharedDeb } from './support/deb.ts';
import type { TestHost } from './support/host.ts';
import { openNetdHost } from './support/netd.ts';

let host: TestHost;
before(async () => {
  host = await openNetdHost(await sharedDeb(), 'alice');
  await host.login('alice');
  await host.login('bob');
  // A way out, which nobody answers on.
  const link = [
    'link add up0 type veth peer name up1',
    'addr add 192.0.2.2/24 dev up0',
    'link set up1 up',
    'link set up0 up',
  ];
  for (const command of [...link, 'route add default via 192.0.2.1'])
    await host.rootSays('ip', ...command.split(' '));
});
after(() => host.close());

interface Check {
  check: string;
  status: string;
  detail: string;
  remedy: string;
}

/** What doctor tells a user of networks. */
async function doctor(user: UserName): Promise<Record<string, string>> {
  const { stdout, stderr } = await host.asUser(user, ['banger', 'doctor', '--json']);
  assert.notEqual(stdout.length, 0, stderr);
  const checks: Check[] = JSON.parse(stdout.toString());
  const wanted = ['netd', 'network', 'forwarding', 'dns', 'names'];
  const told = checks
    .filter(({ check }) => wanted.includes(check))
    .map(({ check, status, detail, remedy }) => [check, `${status}: ${detail}${remedy && ` → ${remedy}`}`]);
  return Object.fromEntries(told);
}

/** Whom resolved asks for which domains, by the links of users. */
async function routes(): Promise<string[]> {
  const lines = (await host.rootSays('resolvectl', 'domain')).split('\n');
  return lines.flatMap((line) => /\((bdns\d+)\): (\S.*)$/.exec(line)?.slice(1).join(' ') ?? []).sort();
}

const alices = 'bdns1000 ~alice.vm ~vm';
const bothFound = (user: string) => `pass: programs find NAME.vm and NAME.${user}.vm`;

test('who is in the group is bridged, and names are found without a manual step', async () => {
  const { netd, network, forwarding, dns, names } = await doctor('alice');
  assert.equal(netd, 'pass: banger-netd grants bridged networks');
  assert.equal(network, 'pass: a new VM is bridged: banger-netd grants it');
  assert.equal(forwarding, 'pass: no packet filter drops what bridged VMs send');
  assert.equal(dns, 'pass: names of VMs are served at 127.0.0.1:42069');
  assert.equal(names, bothFound('alice'));
  assert.deepEqual(await routes(), [alices]);
});

test('a user outside the group is in user mode, sees how to join, and then has names beside the first user', async () => {
  const before = await doctor('bob');
  assert.match(
    before.netd ?? '',
    /^warn: VMs cannot be bridged: polkit does not let you .* → sudo usermod -aG banger \$USER$/,
  );
  assert.match(before.network ?? '', /^pass: a new VM is in user mode, .*polkit does not let you/);
  assert.match(
    before.names ?? '',
    /^warn: programs do not find NAME\.vm: polkit does not let you .* → sudo usermod/,
  );
  assert.match(before.dns ?? '', /^pass: .* at 127\.0\.0\.1:\d+; another program has port 42069/);
  assert.equal(before.forwarding, undefined);
  await host.rootSays('usermod', '-aG', 'banger', 'bob');
  const allowed = await doctor('bob');
  assert.match(allowed.network ?? '', /^pass: a new VM is bridged/);
  assert.match(allowed.names ?? '', /^warn: NAME\.vm leads to the VMs of another user, .* NAME\.bob\.vm/);
  assert.deepEqual(await routes(), [alices, 'bdns1001 ~bob.vm']);
  // The first one ends, in order, and has nothing any more.
  await host.userSays('alice', 'systemctl', '--user', 'stop', 'bangerd.service');
  assert.deepEqual(await routes(), ['bdns1001 ~bob.vm ~vm']);
  assert.equal((await doctor('bob')).names, bothFound('bob'));
  await host.userSays('bob', 'systemctl', '--user', 'stop', 'bangerd.service');
  assert.deepEqual(await routes(), []);
});

test('names are routed again after the death of netd, and withdrawn after that of the daemon', async () => {
  assert.equal((await doctor('alice')).names, bothFound('alice'));
  await host.rootSays('systemctl', 'kill', '--signal=KILL', 'banger-netd.service');
  await until('names are routed by the next netd', async () => (await routes()).join() === alices);
  assert.equal((await doctor('alice')).names, bothFound('alice'));
  await host.rootSays('systemctl', 'restart', 'banger-netd.service');
  await until('names are routed after its restart', async () => (await routes()).join() === alices);
  await host.rootSays('systemctl', 'restart', 'systemd-resolved.service');
  await until('names are routed by the next resolved', async () => (await routes()).join() === alices);
  assert.equal((await doctor('alice')).names, bothFound('alice'));
  await host.userSays('alice', 'systemctl', '--user', 'mask', '--runtime', 'bangerd.service');
  await host.userSays('alice', 'systemctl', '--user', 'kill', '--signal=KILL', 'bangerd.service');
  await until('names are withdrawn', async () => (await routes()).length === 0);
  await host.userSays('alice', 'systemctl', '--user', 'unmask', '--runtime', 'bangerd.service');
});

test("a drop like Docker's is found, and the remedy that doctor names lets packets pass", async () => {
  const rules = [
    'add table ip filter',
    'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
    'add chain ip filter DOCKER-USER',
    'add rule ip filter FORWARD counter jump DOCKER-USER',
    'add rule ip filter DOCKER-USER counter return',
  ];
  for (const rule of rules) await host.rootSays('nft', rule);
  const { forwarding = '' } = await doctor('alice');
  assert.match(forwarding, /^fail: Docker drops what bridged VMs send .*\(nft chain ip filter FORWARD\) → /);
  const [, remedy = ''] = forwarding.split(' → ');
  await host.rootSays('sh', '-euc', remedy);
  assert.equal((await doctor('alice')).forwarding, 'pass: no packet filter drops what bridged VMs send');
  await host.rootSays('nft', 'delete table ip filter');
});

test('without resolved doctor names the page of recipes', async () => {
  await host.userSays('alice', 'systemctl', '--user', 'stop', 'bangerd.service');
  await host.rootSays('systemctl', 'mask', '--now', 'systemd-resolved.service');
  const { names, network } = await doctor('alice');
  assert.match(
    names ?? '',
    /^warn: programs do not find NAME\.vm: systemd-resolved does not run → see docs\/dns-routing\.md/,
  );
  assert.match(network ?? '', /^pass: a new VM is bridged/);
});
