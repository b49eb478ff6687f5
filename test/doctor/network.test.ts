import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Obstacle } from '../../src/common/errors.ts';
import type { Finding } from '../../src/doctor/check.ts';
import { checkForwarding } from '../../src/doctor/forwarding.ts';
import { checkNames, type NameFacts } from '../../src/doctor/names.ts';
import { type NamespaceFacts, namespaceRemedy } from '../../src/doctor/namespaces.ts';
import { diagnoseNetwork } from '../../src/doctor/network.ts';
import { checkPorts } from '../../src/doctor/ports.ts';
import { remedyCommand } from '../../src/doctor/remedy.ts';
import type { BridgeNetwork, WantedNetwork } from '../../src/network/attachment.ts';
import { hasLocalResolver } from '../../src/network/dns/local-resolver.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const lines = (findings: readonly Finding[]) =>
  findings.map(
    ({ check, status, detail, remedy }) => `${status} ${check}: ${detail}${remedy && ` → ${remedy}`}`,
  );

/** What is found where banger-netd says this; nothing if it is not here. */
async function network(
  wanted: WantedNetwork,
  netd?: { says?: Obstacle },
  namespaces?: Obstacle,
): Promise<string[]> {
  const unused = () => assert.fail('doctor only asks what is in the way');
  const bridge: BridgeNetwork | undefined = netd && {
    obstacle: async () => netd.says,
    findDrops: unused,
    attach: unused,
    live: unused,
  };
  const means = { bridge, enclosureObstacle: async () => namespaces };
  return lines(await diagnoseNetwork(wanted, means, () => 'modprobe tun'));
}

test('doctor says which network a new VM gets, why, and what changes it', async () => {
  const refusal = {
    problem: 'polkit does not let alice',
    remedy: 'run `usermod -aG banger alice` and log in again',
  };
  const noTun = { problem: '/dev/net/tun: no such device', remedy: 'make it readable' };
  const refused = 'warn netd: VMs cannot be bridged: polkit does not let alice → usermod -aG banger alice';
  const absent =
    'warn netd: banger-netd is not here, so VMs cannot be bridged → install banger as a package, or set network = "user"';
  const user = 'pass network: a new VM is in user mode, in a network namespace of its own:';
  const exposed =
    "warn network: VMs see the host's loopback, because they get no namespace: /dev/net/tun: no such device → modprobe tun";
  assert.deepEqual(await network('auto', {}), [
    'pass netd: banger-netd grants bridged networks',
    'pass network: a new VM is bridged: banger-netd grants it',
  ]);
  assert.deepEqual(await network('auto', { says: refusal }), [
    refused,
    `${user} it cannot be bridged: polkit does not let alice`,
  ]);
  assert.deepEqual(await network('auto', { says: refusal }, noTun), [refused, exposed]);
  assert.deepEqual(await network('auto'), [absent, `${user} banger-netd is not here`]);
  assert.deepEqual(await network('auto', undefined, noTun), [absent, exposed]);
  assert.deepEqual(await network('user'), [`${user} asked for`]);
  assert.deepEqual(await network('none'), ['pass network: a new VM has no network but ssh: asked for']);
  assert.deepEqual(await network('bridge', { says: refusal }), [
    refused,
    'fail network: the configuration has network = "bridge", and the VM cannot be bridged: polkit does not let alice → usermod -aG banger alice',
  ]);
  const [, missing = ''] = await network('bridge');
  assert.match(missing, /^fail network: .*banger-netd is not installed → /);
});

test('what keeps namespaces from VMs is mended by one command', () => {
  const fine: NamespaceFacts = { hasSlirp: true, isRoot: false, setting: () => undefined, tun: 'usable' };
  const remedy = (given: Partial<NamespaceFacts>) => namespaceRemedy({ ...fine, ...given });
  const set = (name: string, value: string) => ({
    setting: (asked: string) => (asked === name ? value : undefined),
  });
  assert.equal(remedy({}), '');
  assert.equal(remedy({ hasSlirp: false }), 'apt-get install slirp4netns');
  assert.equal(remedy({ tun: 'absent' }), 'modprobe tun');
  assert.equal(remedy({ tun: 'denied' }), 'chmod 0666 /dev/net/tun');
  assert.equal(remedy(set('user.max_user_namespaces', '0')), 'sysctl -w user.max_user_namespaces=15000');
  assert.equal(remedy(set('user.max_user_namespaces', '127000')), '');
  const restricted = set('kernel.apparmor_restrict_unprivileged_userns', '1');
  assert.equal(remedy(restricted), 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0');
  assert.equal(remedy({ ...restricted, isRoot: true }), '');
});

test('what drops packets of guests is told with what lets them pass', () => {
  const remedies = (manager: string, hasIptables = true) => {
    const drop = { family: 'ip', table: 'filter', chain: 'FORWARD', manager };
    return checkForwarding({ bridge: 'bngr1000', drops: [drop] }, hasIptables).map(({ remedy }) => remedy);
  };
  const nft =
    'nft insert rule ip filter FORWARD iifname bngr1000 accept && nft insert rule ip filter FORWARD oifname bngr1000 accept';
  assert.deepEqual(remedies('docker'), [
    'iptables -I DOCKER-USER -i bngr1000 -j ACCEPT && iptables -I DOCKER-USER -o bngr1000 -j ACCEPT',
  ]);
  assert.deepEqual(remedies('docker', false), [nft]);
  assert.deepEqual(remedies('ufw'), ['ufw route allow in on bngr1000 && ufw route allow out on bngr1000']);
  assert.deepEqual(remedies('firewalld'), [
    'firewall-cmd --permanent --zone=trusted --add-interface=bngr1000 && firewall-cmd --reload',
  ]);
  assert.deepEqual(remedies('iptables'), [
    'iptables -I FORWARD -i bngr1000 -j ACCEPT && iptables -I FORWARD -o bngr1000 -j ACCEPT',
  ]);
  assert.deepEqual(remedies('nftables'), [nft]);
  const drop = { family: 'ip', table: 'filter', chain: 'FORWARD', manager: 'docker' };
  const [finding] = checkForwarding({ bridge: 'bngr1000', drops: [drop] });
  assert.equal(finding?.status, 'fail');
  assert.match(finding?.detail ?? '', /^Docker drops what bridged VMs send .*ip filter FORWARD/);
  assert.deepEqual(lines(checkForwarding({ bridge: 'bngr1000', drops: [] })), [
    'pass forwarding: no packet filter drops what bridged VMs send',
  ]);
});

test('a program of the host in the way of a forwarded port is named', () => {
  assert.deepEqual(checkPorts(undefined), []);
  assert.deepEqual(lines(checkPorts([])), ['pass ports: all ports of VMs that can be forwarded are']);
  const found = lines(
    checkPorts([
      { vm: 'web', protocol: 'tcp', port: 8080, takenBy: 'python3 (pid 7)' },
      { vm: 'db', protocol: 'tcp', port: 5432, takenBy: undefined },
    ]),
  );
  assert.match(
    found[0] ?? '',
    /^warn ports: python3 \(pid 7\) has tcp port 8080 of this host, .* that of web is not forwarded → end it/,
  );
  assert.match(found[1] ?? '', /^warn ports: a program of another user has tcp port 5432/);
});

test('doctor says whether names of VMs are found, and by which way they can be', () => {
  const facts: NameFacts = {
    address: '127.0.0.1:42069',
    user: 'alice',
    state: { kind: 'absent' },
    isFound: { everyones: false, own: false },
  };
  const names = (given: Partial<NameFacts>) => lines(checkNames({ ...facts, ...given }));
  const served = 'pass dns: names of VMs are served at 127.0.0.1:42069';
  const both = { everyones: true, own: true };
  const found = 'pass names: programs find NAME.vm and NAME.alice.vm';
  assert.deepEqual(names({ isFound: both }), [served, found]);
  assert.deepEqual(names({ isFound: { everyones: true, own: false }, user: undefined }), [
    served,
    'pass names: programs find NAME.vm',
  ]);
  assert.deepEqual(names({ isFound: both, address: '127.0.0.1:41000' }), [
    'pass dns: names of VMs are served at 127.0.0.1:41000; another program has port 42069, which recipes name',
    found,
  ]);
  assert.deepEqual(names({ address: '' }), [
    'warn dns: names of VMs are not served, because no port for it was free when the daemon started → banger daemon stop',
  ]);
  assert.deepEqual(names({ isFound: { everyones: false, own: true } }), [
    served,
    'warn names: NAME.vm leads to the VMs of another user, who was first; yours are NAME.alice.vm → use NAME.alice.vm, such as `ssh NAME.alice.vm`',
  ]);
  assert.deepEqual(names({}), [
    served,
    'warn names: programs do not find NAME.vm: banger-netd is not here to tell the resolver, and no recipe is set up → docs/dns-routing.md has recipes for other resolvers',
  ]);
  const noResolved = {
    problem: 'systemd-resolved does not run',
    remedy: 'see docs/dns-routing.md for other ways to the names of VMs',
  };
  assert.deepEqual(names({ state: { kind: 'failed', code: 'HostNotReady', ...noResolved } }), [
    served,
    'warn names: programs do not find NAME.vm: systemd-resolved does not run → see docs/dns-routing.md for other ways to the names of VMs',
  ]);
  const [, odd = ''] = names({ state: { kind: 'routed', domains: ['vm'] } });
  assert.match(odd, /^warn names: .*they use another resolver → ln -sf /);
});

test('the remedy of a finding is a command, where there is one', () => {
  assert.equal(remedyCommand(), '');
  assert.equal(remedyCommand('do b'), 'do b');
  assert.equal(remedyCommand('run `b -c`, then d'), 'b -c');
  assert.equal(remedyCommand('use `b`'), 'use `b`');
});

test('names of VMs are asked for only where they do not leave the host', (t) => {
  const file = join(temporaryDirectory(t), 'resolv.conf');
  const isLocal = (text: string) => {
    writeFileSync(file, text);
    return hasLocalResolver(file, '/nonexistent');
  };
  assert.equal(isLocal('# x\nnameserver 127.0.0.53\noptions edns0\n'), true);
  assert.equal(isLocal('nameserver\t192.0.2.1\nnameserver 127.0.1.1\n'), true);
  assert.equal(isLocal('nameserver ::1\n'), true);
  assert.equal(isLocal('search example.com\nnameserver 192.0.2.1\n'), false);
  assert.equal(isLocal(''), true, 'the C library asks 127.0.0.1 then');
  assert.equal(hasLocalResolver('/nonexistent', file), true, 'nss-resolve asks resolved itself');
});
