/** The Debian package on a host without Node: installed, upgraded, removed and purged while users have VMs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { until } from '../support/program.ts';
import { apt, aptInstall, asVersion, sharedDeb } from './support/deb.ts';
import { GuestUser } from './support/guests.ts';
import { openHost } from './support/host.ts';

let alice: GuestUser;
let deb: string;
const directory = mkdtempSync('/var/tmp/banger-later-');
before(async () => {
  deb = await sharedDeb();
  const host = await openHost();
  alice = new GuestUser(host, 'alice');
  await host.login('alice');
  await host.prepareImages('alice');
});
after(async () => {
  rmSync(directory, { recursive: true });
  await alice.host.close();
});

const systemctl = (...args: string[]) => alice.says('systemctl', '--user', ...args);
const versions = () => alice.host.rootSays('ls', '/usr/lib/banger');

test('apt installs it, and users who are logged in have it at once', async () => {
  assert.notEqual((await alice.host.asRoot(['sh', '-c', 'command -v node'])).status, 0);
  await aptInstall(alice.host, deb);
  assert.equal(await systemctl('is-active', 'bangerd.socket'), 'active');
  const call = ['org.banger.Manager1', '/org/banger/Manager1', 'org.banger.Manager1', 'ListVMs'];
  assert.equal(await alice.says('busctl', '--user', 'call', ...call), 'a(ossssuttst) 0');
  const doctor = await alice.run(['doctor', '--json']);
  const failed = JSON.parse(doctor.stdout.toString()).filter(
    ({ status }: { status: string }) => status === 'fail',
  );
  assert.deepEqual(failed, []);
  await alice.says(
    ...[
      'sh',
      '-euc',
      `mkdir repo; cd repo; git init --quiet; printf 'test:\\n\\tuname -n\\n' >Makefile; git add .`,
    ],
  );
  const ran = await alice.run(['vm', 'run', '--rm', '--name', 'first', './repo', '--', 'make', '-s', 'test']);
  assert.deepEqual([ran.status, ran.stdout.toString()], [0, 'first\n'], ran.stderr);
  // Who logs in later has the socket, too.
  await alice.host.login('bob');
  assert.equal(
    await alice.host.userSays('bob', 'systemctl', '--user', 'is-active', 'bangerd.socket'),
    'active',
  );
  await alice.host.logout('bob');
});

/** Shows that ssh knows a VM by its names and nothing else, and that a hostile name is none. */
async function assertSshFinds(name: string, id: string): Promise<void> {
  const { host } = alice;
  const ssh = (destination: string) =>
    host.asUser('alice', ['ssh', '-o', 'BatchMode=yes', destination, 'uname', '-n'], { timeoutMs: 60_000 });
  for (const known of [`${name}.vm`, `${id}.vm`, `${name}.alice.vm`]) {
    const { status, stdout, stderr } = await ssh(known);
    assert.deepEqual([status, stdout.toString()], [0, `${name}\n`], stderr);
  }
  assert.equal(await alice.says('scp', '-q', `${name}.vm:/etc/hostname`, 'hostname'), '');
  await alice.says('rm', 'hostname');
  const settings = async (destination: string) => await alice.says('ssh', '-G', destination);
  for (const other of ['absent.vm', 'web.example', "x';touch pwned;'.vm", '$(touch pwned).vm'])
    assert.doesNotMatch(await settings(other).catch(() => ''), /ssh-connect/, other);
  assert.equal((await host.asUser('alice', ['ls', 'pwned'])).status, 2, 'a name was run as a command');
  assert.equal((await host.asUser('alice', ['ls', '.ssh'])).status, 2, 'something is in ~/.ssh');
}

test('an upgrade leaves VM, session and daemon alone, and the VM is still powered off in order', async () => {
  await alice.banger('vm', 'create', '--name', 'web', '--memory', '1G');
  const { id, unit } = await alice.show('web');
  await assertSshFinds('web', id);
  const session = alice.start([
    'vm',
    'exec',
    'web',
    '--',
    'sh',
    '-c',
    'echo in; read -r word; echo "heard $word"',
  ]);
  await session.says('in\n');
  const [daemon, former] = [await alice.daemon(), await versions()];
  const later = await asVersion(deb, '0.2.0', directory);
  // A job runs meanwhile.
  const creating = alice.start(['vm', 'create', '--name', 'second', '--memory', '512M']);
  await creating.says('stage boot');
  await aptInstall(alice.host, later);
  const created = await creating.ended;
  assert.deepEqual([created.status, created.stdout.toString()], [0, 'second\n'], created.stderr);
  await alice.banger('vm', 'delete', '--yes', '--force', 'second');
  assert.deepEqual((await versions()).split('\n').sort(), [former, '0.2.0-later'].sort());
  // The new client and the old daemon.
  assert.equal(await alice.daemon(), daemon);
  assert.equal((await alice.show('web')).state, 'running');
  session.child.stdin?.end('well\n');
  assert.equal((await session.ended).stdout.toString(), 'in\nheard well\n');
  await systemctl('restart', 'bangerd.service');
  assert.equal((await alice.show('web')).state, 'running');
  const stopped = await alice.host.asUser('alice', ['systemctl', '--user', 'stop', unit], {
    timeoutMs: 120_000,
  });
  assert.equal(stopped.status, 0, stopped.stderr);
  await alice.assertCleanDisks(id);
  await until('it is seen', async () => (await alice.show('web')).state === 'stopped');
  await alice.banger('vm', 'start', 'web');
  // Nothing uses the former version any more.
  await apt(alice.host, 'install', '--reinstall', '/var/tmp/banger_0.2.0_amd64.deb');
  assert.equal(await versions(), '0.2.0-later');
  assert.equal((await alice.show('web')).state, 'running');
});

test('a downgrade to a version that cannot read the database is refused with a remedy, and an upgrade undoes it', async () => {
  const node = await alice.node();
  const pragma = async (version: string) => {
    const script = `const { DatabaseSync } = require('node:sqlite');
      const db = new DatabaseSync('${alice.state}/banger.db');
      const { user_version } = db.prepare('pragma user_version').get();
      db.exec('pragma user_version = ' + (${version} || user_version)); console.log(user_version);`;
    return await alice.says(node, '-e', script);
  };
  await systemctl('stop', 'bangerd.service', 'bangerd.socket');
  const present = await pragma('99');
  const refused = await alice.run(['vm', 'list']);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^banger: .*newer.*; .*\n$/);
  await pragma(present);
  await systemctl('start', 'bangerd.socket');
  assert.equal((await alice.show('web')).state, 'running');
});

test('a removal powers VMs off, and leaves only files of users', async () => {
  const { id } = await alice.show('web');
  const said = await apt(alice.host, 'remove', 'banger');
  assert.match(said, /VMs, images and settings stay with their users: \.local\/state\/banger,/);
  await alice.assertCleanDisks(id);
  const units = (await alice.host.units('banger*', 'alice')).filter(({ active }) => active !== 'inactive');
  assert.deepEqual(units, []);
  const left = (await alice.host.processes()).filter(({ args }) => /banger|qemu|slirp/.test(args));
  assert.deepEqual(left, []);
  const names = await alice.says('busctl', '--user', 'list', '--activatable', '--acquired', '--no-legend');
  assert.doesNotMatch(names, /org\.banger/);
  await apt(alice.host, 'purge', 'banger');
  const where = ['/usr', '/etc', '/var/lib/banger', '/run'].map((path) => `'${path}'`).join(' ');
  const files = await alice.host.asRoot([
    'sh',
    '-c',
    `find ${where} -xdev -name '*banger*' ! -path '/usr/share/*/cache/*' 2>/dev/null`,
  ]);
  assert.equal(files.stdout.toString(), '');
  assert.ok((await alice.host.files(`${alice.state}/vms/${id}`)).length > 0, 'the data of alice is gone');
});
