/**
 * What a guest in user mode reaches of its host. The host is a network namespace made for the test, so that it
 * can have the addresses that matter, and nothing goes outside.
 */
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkout, openGuestHome } from '../support/guest-home.ts';
import { Running, until } from '../support/program.ts';

const home = await openGuestHome(undefined, 'isolation');
const vm = 'fenced';
/** The host's loopback, the host's address on a network, where clouds keep credentials, a LAN. */
const denied = ['127.0.0.1', '203.0.113.9', '169.254.169.254', '192.168.77.1'];
/** Stands for the internet: a namespace beside that of the host. */
const allowed = '198.51.100.7';
/** Another machine of the host's LAN, in that namespace, too. */
const neighbour = '192.168.78.7';
/** An address that the host gets when the VM runs already, and one that it gets later still. */
const [late, later] = ['198.51.100.1', '198.51.100.2'];

const makeHost = `ip link set lo up
for address in 169.254.169.254 192.168.77.1; do ip address add $address/32 dev lo; done
ip tuntap add dev lan0 mode tap; ip address add 203.0.113.9/24 dev lan0; ip link set lan0 up
exec "$@"`;
const makeOutside = `echo namespace
until ip link show out0 >/dev/null 2>&1; do sleep 0.1; done
ip address add ${allowed}/24 dev out0; ip address add ${neighbour}/32 dev out0; ip link set lo up; ip link set out0 up
exec "$@"`;
const started: Running[] = [];
let internet: Running;
after(() => {
  for (const { child } of started) child.kill('SIGKILL');
});
const isRoot = userInfo().uid === 0;
const makeNamespace = ['unshare', ...(isRoot ? [] : ['--user', '--map-root-user']), '--net'];
const enterNamespace = ['nsenter', ...(isRoot ? [] : ['--user', '--preserve-credentials']), '--net'];
const canaries = [process.execPath, join(checkout, 'test/support/canaries.ts')];
const host = start([...makeNamespace, 'sh', '-euc', makeHost, 'sh', ...canaries, ...denied]);
await host.says('ready ');
const port = Number(/ready (\d+)/.exec(host.stdout())?.[1]);
home.prefix = [...enterNamespace, '--target', String(host.child.pid), '--'];

function start([file = '', ...args]: readonly string[]): Running {
  const program = new Running(file, args, { timeoutMs: 600_000 });
  started.push(program);
  return program;
}

/** Starts a program on the host of the VM. */
function inHost(words: readonly string[]): Running {
  return start([...home.prefix, ...words]);
}

/** What happens when a program in the guest connects to an address: the canary's line, or the error. */
async function probe(address: string, guest = vm): Promise<string> {
  const script = `exec 3<>"/dev/tcp/${address}/${port}" && head -1 <&3`;
  const argv = ['timeout', '5', 'bash', '-c', script];
  const { status, stdout, stderr } = await home.run(['vm', 'exec', guest, '--', ...argv]);
  return status === 124 ? 'no answer' : `${stdout.toString()}${stderr}`;
}

test('the VM is confined to a namespace, and reaches what is neither the host nor its LAN', async () => {
  await home.create(vm);
  assert.equal((await home.show(vm)).network, 'user');
  internet = inHost(['unshare', '--net', 'sh', '-euc', makeOutside, 'sh', ...canaries, allowed, neighbour]);
  await internet.says('namespace');
  const link = `ip link add up0 type veth peer name out0 netns ${internet.child.pid}
    ip address add ${late}/24 dev up0; ip link set up0 up; ip route add ${neighbour}/32 dev up0`;
  assert.equal((await inHost(['sh', '-euc', link]).ended).stderr, '');
  await internet.says('ready ');
  assert.equal(await probe(allowed), `canary ${allowed}\n`);
  assert.match(await home.script(vm, 'ping -c 1 -W 20 10.0.2.2'), / 1 received/);
});

/** All that a guest may try to reach: what no guest may, the LAN, the internet, and slirp's own addresses. */
const everything = [...denied, neighbour, allowed, '10.0.2.1', '10.0.2.2', '10.0.2.3'];

/** What reaches no canary: a connection to each address, and a question for a name to each server. */
const tries = `
try() { echo "$1 $(timeout 3 bash -c "$2" 2>&1 | tail -1)"; }
for gateway in none 10.0.2.2; do
  [ $gateway = none ] || ip route replace default via $gateway
  for address in ${everything.join(' ')}; do
    try "$gateway $address" "exec 3<>/dev/tcp/$address/${port} && head -1 <&3" &
  done
  for server in 10.0.2.3 ${allowed}; do
    ask='printf "\\1\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\1a\\0\\0\\1\\0\\1" >&3; head -c 1 <&3 >/dev/null && echo canary: a name'
    try "$gateway $server" "exec 3<>/dev/udp/$server/53; $ask" &
  done
  wait
done`;

/** Shows that a guest reaches nothing, not even with the routes that it would need. */
async function reachesNothing(guest: string): Promise<void> {
  const before = [host.stdout(), internet.stdout()];
  const tried = (await home.script(guest, tries)).split('\n');
  assert.equal(tried.length, 2 * (everything.length + 2), tried.join('\n'));
  assert.deepEqual(
    tried.filter((line) => line.includes('canary')),
    [],
  );
  assert.deepEqual([host.stdout(), internet.stdout()], before, 'a canary was reached');
}

test('NAT is switched off and on while the guest runs, by whichever daemon', async () => {
  const connected = home.start(['vm', 'exec', vm, '--', 'cat'], { timeoutMs: 300_000 });
  assert.equal(await probe(allowed), `canary ${allowed}\n`);
  assert.equal((await home.show(vm)).nat, true);
  await home.banger('vm', 'set', vm, '--no-nat');
  assert.equal((await home.show(vm)).nat, false);
  await reachesNothing(vm);
  process.kill((await home.daemon()).pid, 'SIGKILL');
  await home.banger('vm', 'set', vm, '--nat');
  await home.script(vm, 'ip route replace default via 10.0.2.2');
  assert.equal(await probe(allowed), `canary ${allowed}\n`, 'NAT is not on again');
  connected.child.stdin?.end('still there\n');
  assert.equal((await connected.ended).stdout.toString(), 'still there\n');
});

test('an address that the host gets later is denied as well', async () => {
  const canary = inHost([...canaries, late]);
  await canary.says('ready ');
  await until('it is denied', async () => /unreachable|No route/i.test(await probe(late)), 30_000);
  const before = canary.stdout();
  assert.doesNotMatch(await probe(late), /canary/);
  assert.equal(canary.stdout(), before);
});

test('the canaries of the host are there for the host', async () => {
  for (const address of denied) {
    const script = `exec 3<>"/dev/tcp/${address}/${port}" && head -1 <&3`;
    const { stdout } = await inHost(['bash', '-c', script]).ended;
    assert.equal(stdout.toString(), `canary ${address}\n`);
  }
});

test('the host, its LAN and link-local addresses are out of reach, and are refused at once', async () => {
  const before = host.stdout();
  for (const address of [neighbour, ...denied.filter((each) => each !== '127.0.0.1')]) {
    assert.match(await probe(address), /unreachable|No route to host|Permission denied/i, address);
  }
  // By these slirp would lead to the host's loopback, and the namespace to itself.
  for (const address of ['10.0.2.2', '10.0.2.1', '127.0.0.1', '0.0.0.0']) {
    assert.doesNotMatch(await probe(address), /canary/, address);
  }
  assert.equal(host.stdout(), before, 'a canary was reached');
  assert.doesNotMatch(internet.stdout(), new RegExp(neighbour), 'the canary of the LAN was reached');
});

test('a guest that routes the loopback of the host to its gateway reaches nothing', async () => {
  const before = host.stdout();
  await home.script(
    vm,
    `sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.eth0.route_localnet=1
     ip address del 127.0.0.1/8 dev lo
     ip route flush table local root 127.0.0.0/8 || true
     ip route add 127.0.0.1 via 10.0.2.2 dev eth0 src 10.0.2.100`,
  );
  assert.match(await home.script(vm, 'ip route get 127.0.0.1'), /dev eth0/, 'it goes elsewhere');
  assert.doesNotMatch(await probe('127.0.0.1'), /canary/);
  assert.equal(await probe(allowed), `canary ${allowed}\n`, 'the guest has no network, which proves nothing');
  // It may also take what is denied for a network that it is in.
  await home.script(vm, 'ip address add 169.254.1.1/16 dev eth0; ip address add 203.0.113.1/24 dev eth0');
  for (const address of ['169.254.169.254', '203.0.113.9'])
    assert.doesNotMatch(await probe(address), /canary/);
  assert.equal(host.stdout(), before, 'a canary was reached');
});

test('guest_lan opens the LAN and nothing of the host, also when that gets another address', async () => {
  home.configure('guest_lan = true\n');
  await home.banger('vm', 'restart', vm);
  assert.equal(await probe(neighbour), `canary ${neighbour}\n`);
  assert.equal((await inHost(['ip', 'address', 'add', `${later}/24`, 'dev', 'up0']).ended).stderr, '');
  await until('it is denied', async () => /unreachable|No route/i.test(await probe(later)), 30_000);
  const before = host.stdout();
  for (const address of denied) assert.doesNotMatch(await probe(address), /canary/, address);
  assert.equal(host.stdout(), before, 'a canary was reached');
  assert.equal(await probe(neighbour), `canary ${neighbour}\n`, 'the LAN was denied again');
  home.configure();
});

test('a VM with the network none has ssh and nothing else, and stays so', async () => {
  await home.create('sealed', '--network', 'none');
  const { network, nat, wanted_network: wanted } = await home.show('sealed');
  assert.deepEqual([network, nat, wanted], ['none', false, 'none']);
  assert.equal(await home.script('sealed', 'ip route show default'), '');
  await reachesNothing('sealed');
  const { status, stderr } = await home.run(['vm', 'set', 'sealed', '--nat']);
  assert.equal(status, 2);
  assert.match(stderr, /network none reaches nothing outside/);
  await home.banger('vm', 'delete', '--force', '--yes', 'sealed');
});

test('nothing is left', async () => {
  await home.close();
});
