import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { node, sharedCheckout } from './support/checkout.ts';
import { openHost, type TestHost } from './support/host.ts';
import {
  answersIn,
  assertGrantedOutside,
  installProbe,
  possibleHere,
  probe,
  startBystander,
} from './support/probe.ts';

const state = '/home/alice/.local/state/banger';
const runtime = '/run/user/1000/banger';
const disks = { own: `${state}/vms/own/work.ext4`, other: `${state}/vms/other/work.ext4` };
const starter = join(import.meta.dirname, 'support/start-probe.ts');

/** What a VMM that was taken over must not get, though its user may have it, and the answer that it gets. */
const denied: Readonly<Record<string, string>> = {
  // TemporaryFileSystem
  'read=/home/alice/.ssh/id_ed25519': 'ENOENT',
  'make=/home/alice/.bashrc.new': 'EROFS',
  [`read=${disks.other}`]: 'ENOENT',
  'read=/srv/alice/notes': 'ENOENT',
  // A home that is elsewhere
  'read=/data/alice/notes': 'ENOENT',
  'connect=/run/user/1000/bus': 'ENOENT',
  'connect=/run/user/1000/systemd/private': 'ENOENT',
  'connect=/run/dbus/system_bus_socket': 'ENOENT',
  // The VM's own directory, where the daemon would open what it finds
  [`make=${state}/vms/own/known_hosts`]: 'EROFS',
  // ProtectSystem=strict
  'make=/usr/local/alice/new': 'EROFS',
  'read=/tmp/secret': 'ENOENT',
  'make=/tmp/new': 'EROFS',
  'read=/var/tmp/secret': 'ENOENT',
  // PrivateDevices
  'read=/dev/secret': 'ENOENT',
  // ProtectControlGroups
  'write=CGROUP/cgroup.freeze': 'EROFS',
  // PrivateUsers: the files of another process, past all that is hidden
  'read=/proc/OTHER/root/home/alice/.ssh/id_ed25519': 'EACCES',
  'read=/proc/OTHER/environ': 'EACCES',
  // RestrictNamespaces
  'uts-namespace': 'EPERM',
  // RestrictAddressFamilies
  packets: 'EAFNOSUPPORT',
  // SystemCallFilter
  ptrace: 'EPERM',
  'io-uring': 'EPERM',
  // SystemCallArchitectures
  '32-bit': 'killed by signal 31',
  // LockPersonality
  personality: 'EPERM',
  // RestrictSUIDSGID
  [`setuid=${disks.own}`]: 'EPERM',
  // NoNewPrivileges
  privileges: 'EPERM',
  // LimitCORE
  core: 'EPERM',
  // env -i
  'environment=SECRET': 'ENOENT',
};

/** What it needs. */
const granted = [
  `write=${disks.own}`,
  `make=${runtime}/vms/own/qmp.sock`,
  'write=/dev/net/tun',
  'read=/dev/urandom',
  'net-namespace',
  'read=/usr/share/qemu/bios-microvm.bin',
  'read=/etc/resolv.conf',
];

let host: TestHost;
before(async () => {
  host = await openHost({ shared: sharedCheckout() });
  await host.login('alice');
  await installProbe(host);
  const files = `
    install -d -o alice /srv/alice /usr/local/alice
    for file in /home/alice/.ssh/id_ed25519 ${disks.other} /srv/alice/notes /data/alice/notes /tmp/secret /var/tmp/secret /dev/secret; do
      install -o alice -m 600 -D /etc/hostname $file
    done
    chown -R alice: /home/alice
    ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf`;
  await host.rootSays('sh', '-euc', files);
  await host.userSays('alice', 'systemctl', '--user', 'set-environment', 'SECRET=x');
});
after(() => host.close());

test('a VMM can do what it needs, and nothing else that its user may do', async (t) => {
  const refused = await possibleHere(host, denied, (text) => t.diagnostic(text));
  const cgroup = '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/banger.slice';
  const other = await startBystander(host);
  const concrete = (attempt: string) => attempt.replace('CGROUP', cgroup).replace('OTHER', String(other.pid));
  const attempts = [...Object.keys(refused), ...granted].map(concrete);

  const start = [node, starter, state, runtime, probe, ...attempts];
  const ended = await host.asUser('alice', start, { env: { SECRET: 'x' } });
  assert.equal(ended.stdout.toString(), '{"clean":true,"how":"exited with status 0"}', ended.stderr);
  const confined = answersIn(await host.userSays('alice', 'cat', `${state}/vms/own/vmm.log`));
  const expected = { ...refused, ...Object.fromEntries(granted.map((attempt) => [attempt, 'granted'])) };
  assert.deepEqual(
    confined,
    Object.fromEntries(Object.entries(expected).map(([attempt, answer]) => [concrete(attempt), answer])),
  );

  await host.rootSays('rm', '-f', '/usr/local/alice/new', '/tmp/new', `${runtime}/vms/own/qmp.sock`);
  await assertGrantedOutside(host, attempts);
  await other.end();
});
