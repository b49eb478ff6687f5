import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { openHost, type TestHost } from './support/host.ts';

let host: TestHost;
before(async () => {
  host = await openHost();
  await host.login('alice');
});
after(() => host.close());

test('an installation works without the checkout, from the first command on', async () => {
  const before = await host.files('/home/alice');
  await host.installFor('alice');
  const version = await host.userSays('alice', 'banger', '--version');
  assert.match(version, /\d+\.\d+\.\d+/);
  const links = await host.rootSays('find', '/home/alice/.local/bin', '-type', 'l', '-printf', '%p %l\n');
  assert.match(links, /\/banger \.\.\/lib\/banger\/\d+\.\d+\.\d+-[0-9a-f]{8}\/bin\/banger$/m);
  assert.deepEqual(await namingCheckout(), []);

  const doctor = await host.asUser('alice', ['banger', 'doctor', '--json']);
  const checks: { status: string }[] = JSON.parse(doctor.stdout.toString());
  assert.deepEqual(
    checks.filter(({ status }) => status === 'fail'),
    [],
    doctor.stdout.toString(),
  );
  assert.equal(await host.userSays('alice', 'banger', 'vm', 'list', '--json'), '[]');
  const status = JSON.parse(await host.userSays('alice', 'banger', 'daemon', 'status', '--json'));
  const main = await host.userSays(
    'alice',
    'systemctl',
    '--user',
    'show',
    '--value',
    '--property=MainPID',
    'bangerd.service',
  );
  assert.equal(String(status.pid), main, 'the daemon is that of the unit');
  const http = await host.userSays(
    'alice',
    ...[
      'curl',
      '--silent',
      '--fail',
      '--unix-socket',
      '/run/user/1000/banger/bangerd.sock',
      'http://banger/metrics',
    ],
  );
  assert.match(http, /^# EOF$/m);

  const said = await host.uninstallFor('alice');
  assert.match(said, /^ {2}\/home\/alice\/\.local\/state\/banger$/m);
  assert.deepEqual(
    (await host.processes('alice')).filter(({ args }) => args.includes('banger')),
    [],
  );
  const data = /^\/home\/alice\/\.(local\/state|config|cache)\/banger\//;
  const left = (await host.files('/home/alice')).filter((path) => !before.includes(path) && !data.test(path));
  assert.deepEqual(left, []);
  assert.deepEqual(await host.units('banger*', 'alice'), []);
});

test('installing again changes nothing, and a new build keeps running programs of the old one', async () => {
  await host.installFor('alice');
  await host.userSays('alice', 'banger', 'vm', 'list');
  const old = currentVersion();
  const pid = await mainPid();
  assert.doesNotMatch(await host.installFor('alice'), /older version/);
  assert.equal(currentVersion(), old);
  assert.equal(await mainPid(), pid);

  // As if the running one were of another build.
  const versions = '/home/alice/.local/lib/banger';
  await host.userSays('alice', 'systemctl', '--user', 'stop', 'bangerd.service');
  await host.userSays('alice', 'mv', `${versions}/${old}`, `${versions}/0.0.9-00000000`);
  for (const name of ['banger', 'bangerd']) {
    await host.userSays(
      'alice',
      'ln',
      '-sfn',
      `../lib/banger/0.0.9-00000000/bin/${name}`,
      `.local/bin/${name}`,
    );
  }
  await host.userSays('alice', 'banger', 'vm', 'list');
  const running = await mainPid();
  await host.userSays('alice', 'mkdir', `${versions}/0.0.8-00000000`);
  assert.match(await host.installFor('alice'), /kept .*0\.0\.9-00000000/);
  assert.equal(currentVersion(), old);
  assert.equal(await mainPid(), running);
  assert.equal((await host.asUser('alice', ['test', '-e', `${versions}/0.0.8-00000000`])).status, 1);

  await host.userSays('alice', 'banger', 'daemon', 'stop');
  await host.installFor('alice');
  assert.equal(await host.userSays('alice', 'ls', versions), old);
  await host.uninstallFor('alice');
});

test('a user without a manager can install, and has the socket after the next login', async () => {
  assert.equal(await host.userManagerIsUp('bob'), false);
  await host.installFor('bob');
  await host.login('bob');
  const state = await host.userSays('bob', 'systemctl', '--user', 'is-active', 'bangerd.socket');
  assert.equal(state, 'active');
  await host.userSays('bob', 'busctl', '--user', 'get-property', ...manager, 'Version');
  await host.uninstallFor('bob');
});

test('another prefix, with blanks and percent signs, has its programs there and its units where systemd looks', async () => {
  const prefix = '/home/alice/my prögrams 100%';
  await host.installFor('alice', prefix);
  await host.userSays('alice', 'busctl', '--user', 'get-property', ...manager, 'Version');
  const command = await host.userSays('alice', `${prefix}/bin/banger`, 'vm', 'list', '--json');
  assert.equal(command, '[]');
  // Neither takes away what is the other's.
  await host.installFor('alice');
  await host.uninstallFor('alice', prefix);
  await host.userSays('alice', 'busctl', '--user', 'get-property', ...manager, 'Version');
  await host.uninstallFor('alice');
  assert.deepEqual(await host.files(prefix), []);
});

const manager = ['org.banger.Manager1', '/org/banger/Manager1', 'org.banger.Manager1'];

/** The files of the installation that have this checkout's path in them. */
async function namingCheckout(): Promise<string[]> {
  const { stdout } = await host.asRoot(['grep', '-rlF', checkout, '/home/alice/.local'], {
    timeoutMs: 60_000,
  });
  return stdout.toString().split('\n').filter(Boolean);
}

function currentVersion(): string {
  return readlinkSync(host.path('/home/alice/.local/bin/banger')).split('/')[3] ?? '';
}

async function mainPid(): Promise<string> {
  return await host.userSays(
    'alice',
    ...['systemctl', '--user', 'show', '--value', '--property=MainPID', 'bangerd.service'],
  );
}
