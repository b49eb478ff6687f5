/**
 * Networks and names on a host with netd, as its users have them: bridged and user mode, two users at once, what guests
 * reach and what they do not, and what stays when things end. Guests are real, the first one with all of Debian and the
 * others tiny, and so are the LAN and the outside, in namespaces of the test host.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/program.ts';
import type { UserName } from './support/commands.ts';
import { sharedDeb } from './support/deb.ts';
import { GuestUser } from './support/guests.ts';
import type { TestHost } from './support/host.ts';
import { leftovers, openNetdHost, ownLinks } from './support/netd.ts';
import { Outside, type Place, places } from './support/outside.ts';

let host: TestHost;
let outside: Outside;
let alice: GuestUser;
let bob: GuestUser;
/** Guests are slow where the machine is busy. */
const patienceMs = 120_000;
const small = ['--vcpu', '1', '--memory', '512M'];
const tiny = [...small, '--image', 'tiny'];
/** How long an address has to answer a guest: the fourth packet that asks for a connection is sent after 7 s. */
const answerSeconds = 8;

before(async () => {
  host = await openNetdHost(await sharedDeb(), 'alice');
  outside = await Outside.of(host);
  [alice, bob] = [new GuestUser(host, 'alice'), new GuestUser(host, 'bob')];
  for (const { name } of [alice, bob]) {
    await host.login(name);
    await host.prepareImages(name, 'both');
    await host.logout(name);
  }
  await host.login('alice');
});
after(async () => {
  outside[Symbol.dispose]();
  await host.close();
});

/** What a user's resolver says of a name; nothing if there is no such name. */
async function lookUp(user: UserName, name: string): Promise<string | undefined> {
  const { status, stdout } = await host.asUser(user, ['getent', 'ahostsv4', name]);
  return status === 0 ? (/^(\S+) +STREAM/m.exec(stdout.toString())?.[1] ?? '') : undefined;
}

/** What doctor says to bob of packets that are forwarded. */
async function forwarding(): Promise<{ status: string; remedy: string }> {
  const { stdout } = await bob.run(['doctor', '--json']);
  const findings: { check: string; status: string; remedy: string }[] = JSON.parse(stdout.toString());
  return findings.find(({ check }) => check === 'forwarding') ?? assert.fail(stdout.toString());
}

/** An address with a port, where what listens speaks first. */
type Endpoint = `${string}:${number}`;

/** Which of some endpoints a tiny guest reaches. All are tried at once. */
async function reachedOf(user: GuestUser, vm: string, endpoints: readonly Endpoint[]): Promise<Endpoint[]> {
  const script = `for endpoint; do
    test -n "$(timeout ${answerSeconds} nc "\${endpoint%:*}" "\${endpoint#*:}" </dev/null 2>/dev/null | head -c 1)" &&
      echo "$endpoint" &
  done; wait`;
  const { stdout } = await user.run(['vm', 'exec', vm, '--', 'sh', '-c', script, 'sh', ...endpoints]);
  const found = stdout.toString().split('\n');
  return endpoints.filter((endpoint) => found.includes(endpoint));
}

/** Which of the canaries a guest reaches, and which of other endpoints. */
async function reached(
  user: GuestUser,
  vm: string,
  ...others: Endpoint[]
): Promise<{ canaries: Place[]; others: Endpoint[] }> {
  const endpointOf = (address: string): Endpoint => `${address}:${outside.port}`;
  const all = Object.entries(places) as [Place, string][];
  const asked = [...all.map(([, address]) => endpointOf(address)), ...others];
  const found = await reachedOf(user, vm, asked);
  return {
    canaries: all.filter(([, address]) => found.includes(endpointOf(address))).map(([place]) => place),
    others: others.filter((endpoint) => found.includes(endpoint)),
  };
}

test('a member of the group has a VM by its name, without any other step', async () => {
  await alice.says('sh', '-euc', `mkdir repo; cd repo; git init --quiet; echo it >file; git add .`);
  const ran = await alice.run(['vm', 'run', '--name', 'web', ...small, './repo', '--', 'cat', 'file']);
  assert.deepEqual([ran.status, ran.stdout.toString()], [0, 'it\n'], ran.stderr);
  const { network, address } = await alice.show('web');
  assert.equal(network, 'bridge');
  assert.equal(await lookUp('alice', 'web.vm'), address);
  assert.match(await alice.says('resolvectl', 'query', 'web.vm'), new RegExp(`^web\\.vm: ${address}\\b`));
  assert.equal(await alice.says('ssh', '-o', 'BatchMode=yes', 'web.vm', 'uname', '-n'), 'web');
  const server = ['systemd-run', '--quiet', 'python3', '-m', 'http.server', '8080'];
  await alice.banger('vm', 'exec', 'web', '--', ...server);
  await until(
    'the guest serves',
    async () => {
      const { status } = await host.asUser('alice', ['curl', '-fsS', 'http://web.vm:8080/']);
      return status === 0;
    },
    patienceMs,
  );
  const ports = await alice.banger('vm', 'ports', 'web');
  assert.match(ports, /^tcp +http:\/\/web\.vm:8080\/? +python3 +\/usr\/bin\/python3 -m http\.server 8080$/m);
});

/** Gives a user these settings, for VMs that start from now on. */
async function configure(user: GuestUser, ...lines: string[]): Promise<void> {
  const script = 'umask 077; mkdir -p .config/banger; printf "%s\\n" "$@" >.config/banger/config.toml';
  await user.says('sh', '-euc', script, 'sh', ...lines);
}

test('a guest reaches exactly the networks that were requested', async (t) => {
  await alice.banger('vm', 'delete', '--yes', '--force', 'web');
  await Promise.all(['web', 'other'].map((name) => alice.banger('vm', 'create', '--name', name, ...tiny)));
  const other = (await alice.show('other')).address;
  const table: [asked: string, reached: Place[], neighbour: boolean][] = [];
  const look = async (asked: string) => {
    const { canaries, others } = await reached(alice, 'web', `${other}:22`);
    table.push([asked, canaries, others.length > 0]);
  };
  await look('nothing');
  await alice.banger('vm', 'set', 'web', '--no-nat');
  await look('--no-nat, live');
  await alice.banger('vm', 'set', 'web', '--nat');
  await look('--nat, live');
  await configure(alice, 'guest_lan = true', 'guest_peers = true');
  await alice.banger('vm', 'restart', 'web');
  await look('guest_lan, and guest_peers of one alone');
  await alice.banger('vm', 'restart', 'other');
  await look('guest_peers of both');
  await configure(alice);
  await alice.banger('vm', 'restart', 'web', 'other');
  await look('nothing any more');
  t.diagnostic(table.map((row) => row.join(' | ')).join('\n'));
  assert.deepEqual(table, [
    ['nothing', ['internet'], false],
    ['--no-nat, live', [], false],
    ['--nat, live', ['internet'], false],
    ['guest_lan, and guest_peers of one alone', ['lan', 'internet'], false],
    ['guest_peers of both', ['lan', 'internet'], true],
    ['nothing any more', ['internet'], false],
  ]);
  assert.deepEqual([...new Set(outside.reached())].sort(), [places.lan, places.internet]);
  // A guest that takes another address for its own is heard by nobody, and its own still works afterwards.
  const spoof = `asks() { timeout 3 nc ${places.internet} ${outside.port} </dev/null | grep -q canary; }
    ip address add ${other}/32 dev eth0
    asks && echo own
    ip route replace default via $(ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p') src ${other}
    asks || echo refused
    ip route | sed -n 's/^default .* src \\([0-9.]*\\).*/\\1/p'`;
  await alice.banger('vm', 'stop', 'other');
  const spoofed = await alice.run(['vm', 'exec', 'web', '--', 'sh', '-c', spoof]);
  assert.equal(spoofed.stdout.toString(), `own\nrefused\n${other}\n`, spoofed.stderr);
});

test('a name goes with its VM', async () => {
  await alice.banger('vm', 'stop', 'web');
  await until('the name is gone', async () => (await lookUp('alice', 'web.vm')) === undefined);
  await alice.banger('vm', 'start', 'web');
  assert.equal(await lookUp('alice', 'web.vm'), (await alice.show('web')).address);
  // Names that are none, and those of the outside, are not our business.
  assert.equal(await lookUp('alice', 'nobody.vm'), undefined);
});

test('a user outside the group gets user mode from the same commands, and sees how to join', async () => {
  await host.login('bob');
  await bob.banger('vm', 'create', '--name', 'web', ...tiny);
  const shown = await bob.show('web');
  assert.equal(shown.network, 'user');
  assert.match(shown.address, /^127\.66\./);
  assert.equal(await bob.banger('vm', 'ssh', 'web', '--', 'uname', '-n'), 'web\n');
  // To DNS the name is that of the VM of alice, which has this file.
  await alice.banger('vm', 'exec', 'web', '--', 'touch', '/root/hers');
  await bob.says('ssh', '-o', 'BatchMode=yes', 'web.vm', 'test', '!', '-e', '/root/hers');
  const serve = 'mkdir /root/www && echo it >/root/www/index.html && httpd -p 8080 -h /root/www';
  await bob.banger('vm', 'exec', 'web', '--', 'sh', '-c', serve);
  await until(
    'the port is forwarded',
    async () => {
      const ports = await bob.banger('vm', 'ports', 'web');
      return ports.includes(`${shown.address}:8080`);
    },
    patienceMs,
  );
  await bob.says('curl', '-fsS', '-o', '/dev/null', `http://${shown.address}:8080/`);
  const refused = await bob.run(['vm', 'create', '--name', 'second', '--network', 'bridge', ...tiny]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /usermod .*banger/);
  // The VM of another user is out of reach, whatever its mode.
  const { address } = await alice.show('web');
  const [his, hers] = await Promise.all([
    reached(bob, 'web', `${address}:22`),
    reached(alice, 'web', `${shown.address}:2222`),
  ]);
  assert.deepEqual(his, { canaries: ['internet'], others: [] });
  assert.deepEqual(hers.others, []);
  await bob.banger('vm', 'delete', '--yes', '--force', 'web');
  await host.logout('bob');
});

test('two users at once have networks and names of their own', async () => {
  await host.rootSays('usermod', '--append', '--groups', 'banger', 'bob');
  await host.login('bob');
  await bob.banger('vm', 'create', '--name', 'web', ...tiny);
  const [hers, his] = [await alice.show('web'), await bob.show('web')];
  assert.equal(his.network, 'bridge');
  const networkOf = (address: string) => address.split('.').slice(0, 3).join('.');
  assert.notEqual(networkOf(hers.address), networkOf(his.address));
  for (const user of ['alice', 'bob'] as const) {
    assert.equal(await lookUp(user, 'web.alice.vm'), hers.address);
    assert.equal(await lookUp(user, 'web.bob.vm'), his.address);
    assert.equal(await lookUp(user, 'web.vm'), hers.address, 'who came first has the short names');
  }
  const between = await Promise.all([
    reachedOf(bob, 'web', [`${hers.address}:22`]),
    reachedOf(alice, 'web', [`${his.address}:22`]),
  ]);
  assert.deepEqual(between, [[], []]);
  await alice.banger('vm', 'stop', 'web');
  // It would stay a while, in case that more is asked of it.
  await alice.banger('daemon', 'stop');
  const isFree = async () => (await lookUp('bob', 'web.vm')) === his.address;
  await until('the short names are free for bob', isFree, patienceMs);
});

test('a daemon and a netd that are killed are followed by others, and the guest is where it was', async () => {
  const { address, id } = await bob.show('web');
  const ofBob = async () => (await ownLinks(host)).filter((name) => name.includes('1001'));
  const links = await ofBob();
  await host.rootSays('systemctl', 'kill', '--signal=KILL', 'banger-netd.service');
  await host.rootSays('kill', '-KILL', String(await bob.daemon()));
  assert.deepEqual((await reached(bob, 'web')).canaries, ['internet']);
  assert.deepEqual((await bob.show('web')).address, address);
  await until('the name is there again', async () => (await lookUp('bob', 'web.vm')) === address, patienceMs);
  assert.deepEqual(await ofBob(), links, 'interfaces came or went');
  assert.equal((await bob.show('web')).id, id);
});

test('doctor reports a policy that drops forwarded packets, with a remedy that works', async () => {
  const drop =
    'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }';
  await host.rootSays('nft', drop);
  assert.deepEqual((await reached(bob, 'web')).canaries, []);
  const { status, remedy } = await forwarding();
  assert.equal(status, 'fail');
  await host.rootSays('sh', '-euc', remedy);
  assert.deepEqual((await reached(bob, 'web')).canaries, ['internet']);
  assert.equal((await forwarding()).status, 'pass');
  await host.rootSays('nft', 'delete table ip filter');
});

test('a reboot of the host, and the end of a user, leave no link, rule, lease or resolver', async () => {
  outside[Symbol.dispose]();
  await host.reboot();
  assert.deepEqual(await leftovers(host), []);
  outside = await Outside.of(host);
  await host.login('bob');
  await bob.banger('vm', 'start', 'web');
  assert.equal((await bob.show('web')).network, 'bridge');
  assert.deepEqual((await reached(bob, 'web')).canaries, ['internet']);
  await host.logout('bob');
  await host.rootSays('userdel', '--force', 'bob');
  await host.login('alice');
  await alice.banger('vm', 'start', 'web');
  await alice.banger('vm', 'delete', '--yes', '--force', 'web');
  await alice.banger('vm', 'delete', '--yes', '--force', 'other');
  await alice.banger('daemon', 'stop');
  await until('nothing is left', async () => (await leftovers(host)).length === 0, patienceMs);
});
