import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestHost } from './support/host.ts';
import {
  answersIn,
  assertGrantedOutside,
  installProbe,
  possibleHere,
  probe,
  startBystander,
} from './support/probe.ts';
import { openServiceHost, override } from './support/service.ts';

const unit = 'bangerd.service';
const home = '/home/alice';
const state = `${home}/.local/state/banger`;
const cgroup = '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/banger.slice';

/** What the daemon must not get, though its user may have it, and the answer that it gets. */
const denied: Readonly<Record<string, string>> = {
  // ProtectHome: what is read when the user logs in, and programs and units of the user
  [`make=${home}/.bashrc.new`]: 'EROFS',
  [`make=${home}/.ssh/authorized_keys.new`]: 'EROFS',
  [`make=${home}/.local/bin/new`]: 'EROFS',
  [`make=${home}/.local/share/systemd/user/new.service`]: 'EROFS',
  [`write=${home}/notes`]: 'EROFS',
  // ProtectSystem
  'make=/usr/local/alice/new': 'EROFS',
  'make=/srv/alice/new': 'EROFS',
  // ProtectControlGroups
  [`write=${cgroup}/cgroup.freeze`]: 'EROFS',
  // PrivateUsers: what another process holds
  'read=/proc/OTHER/environ': 'EACCES',
  'read=/proc/OTHER/root/etc/hostname': 'EACCES',
  // RestrictNamespaces
  'uts-namespace': 'EPERM',
  // RestrictAddressFamilies
  packets: 'EAFNOSUPPORT',
  // SystemCallFilter
  ptrace: 'EPERM',
  // SystemCallArchitectures
  '32-bit': 'killed by signal 31',
  // LockPersonality
  personality: 'EPERM',
  // RestrictSUIDSGID
  [`setuid=${state}/file`]: 'EPERM',
  // NoNewPrivileges
  privileges: 'EPERM',
};

/** What it needs: its own directories, scratch, the user's files for guests, the bus, networks for VMs. */
const granted = [
  `make=${state}/new`,
  `make=${home}/.config/banger/new`,
  `make=${home}/.cache/banger/new`,
  'make=/run/user/1000/banger/new',
  'make=/tmp/new',
  'make=/var/tmp/new',
  `read=${home}/notes`,
  `read=${home}/.ssh/id_ed25519`,
  'connect=/run/user/1000/bus',
  'write=/dev/net/tun',
  'net-namespace',
];

let host: TestHost;
before(async () => {
  host = await openServiceHost();
  await installProbe(host);
  const files = `
    install -d -o alice /srv/alice /usr/local/alice
    for file in .ssh/id_ed25519 notes .local/state/banger/file; do
      install -o alice -m 600 -D /etc/hostname ${home}/$file
    done
    chown -R alice: ${home}`;
  await host.rootSays('sh', '-euc', files);
});
after(() => host.close());

/** Runs the probe in place of the daemon, and gives its answers. */
async function confined(attempts: readonly string[]): Promise<Record<string, string>> {
  const answers = '/run/user/1000/answers';
  const words = [`StandardError=file:${answers}`, 'ExecStart=', `ExecStart=${probe} ${attempts.join(' ')}`];
  await override(host, 'alice', ['Type=oneshot', 'BusName=', 'WatchdogSec=0', ...words].join('\n'));
  await host.userSays('alice', 'systemctl', '--user', 'start', unit);
  return answersIn(await host.userSays('alice', 'cat', answers));
}

test('the daemon can do what it needs, and nothing else that its user may do', async (t) => {
  const refused = await possibleHere(host, denied, (text) => t.diagnostic(text));
  const other = await startBystander(host);
  const concrete = (attempt: string) => attempt.replace('OTHER', String(other.pid));
  const attempts = [...Object.keys(refused), ...granted].map(concrete);
  const expected = { ...refused, ...Object.fromEntries(granted.map((attempt) => [attempt, 'granted'])) };
  assert.deepEqual(
    await confined(attempts),
    Object.fromEntries(Object.entries(expected).map(([attempt, answer]) => [concrete(attempt), answer])),
  );
  // UMask
  assert.equal(await host.userSays('alice', 'stat', '--format=%a', '/var/tmp/new'), '600');

  await assertGrantedOutside(host, attempts);
  await other.end();
});
