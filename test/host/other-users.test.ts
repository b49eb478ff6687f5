/** Another user of the host, who can enter all directories that lead to what is alice's. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { UserName } from './support/commands.ts';
import type { TestHost } from './support/host.ts';
import { call, callCommand, openServiceHost } from './support/service.ts';

const runtime = '/run/user/1000';
const directories = ['/home/alice/.local/state', '/home/alice/.config', '/home/alice/.cache'].map(
  (each) => `${each}/banger`,
);

let host: TestHost;
before(async () => {
  host = await openServiceHost();
  await host.login('bob');
  await host.installFor('bob');
  // The daemon has its files, its key and its sockets.
  await call(host, 'alice', 'DaemonStatus');
  await host.userSays('alice', 'banger', 'doctor', '--json').catch(() => undefined);
  // What is banger's must not depend on what is above it.
  const open = [
    '/home/alice',
    '/home/alice/.local',
    '/home/alice/.local/state',
    '/home/alice/.config',
    '/home/alice/.cache',
  ];
  await host.rootSays('sh', '-c', 'chmod 755 "$@" 2>/dev/null; true', 'sh', ...open, runtime);
});
after(() => host.close());

/** What a user can read, or enter, below the directories of banger. */
async function readable(name: UserName): Promise<string[]> {
  const argv = ['find', ...directories, `${runtime}/banger`, '(', '-readable', '-o', '-executable', ')'];
  const { stdout } = await host.asUser(name, argv);
  return stdout.toString().split('\n').filter(Boolean);
}

test('no other user can read or enter the directories of banger', async () => {
  const own = await readable('alice');
  for (const name of ['/home/alice/.local/state/banger', `${runtime}/banger`])
    assert.ok(own.includes(name), name);
  assert.ok(
    own.some((path) => path.endsWith('.db')),
    own.join('\n'),
  );
  assert.deepEqual(await readable('bob'), []);
});

test('no other user can connect to a socket of the daemon', async () => {
  const connect = 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])';
  const found = await host.rootSays('find', `${runtime}/banger`, '-type', 's');
  const sockets = found.split('\n').filter(Boolean);
  assert.ok(
    sockets.some((path) => path.endsWith('/bangerd.sock')),
    found,
  );
  for (const path of sockets) {
    const own = await host.asUser('alice', ['python3', '-c', connect, path]);
    assert.equal(own.status, 0, `${path}: ${own.stderr}`);
    const other = await host.asUser('bob', ['python3', '-c', connect, path]);
    assert.match(other.stderr, /PermissionError/, path);
  }
});

test('no other user can call the daemon on the bus of its user', async () => {
  const address = `unix:path=${runtime}/bus`;
  const busctl = callCommand('DaemonStatus').map((word) =>
    word === '--user' ? `--address=${address}` : word,
  );
  const where = [
    '--address',
    address,
    '--dest',
    'org.banger.Manager1',
    '--object-path',
    '/org/banger/Manager1',
  ];
  const gdbus = ['gdbus', 'call', ...where, '--method', 'org.banger.Manager1.DaemonStatus'];
  for (const argv of [busctl, gdbus]) {
    const own = await host.asUser('alice', argv);
    assert.equal(own.status, 0, own.stderr);
    const other = await host.asUser('bob', argv);
    assert.notEqual(other.status, 0, other.stdout.toString());
    assert.doesNotMatch(other.stdout.toString(), /pid/);
  }
});

test('banger does not use the bus of another user when given its address', async () => {
  const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/bus` };
  const { pid } = JSON.parse(await host.userSays('alice', 'banger', 'daemon', 'status', '--json'));
  assert.ok(Number.isInteger(pid));
  // This one starts a daemon of bob's where it finds none.
  const { stderr } = await host.asUser('bob', ['banger', 'vm', 'list'], { env });
  assert.doesNotMatch(stderr, /Access denied/);
  const { stdout } = await host.asUser('bob', ['banger', 'daemon', 'status', '--json'], { env });
  const other = JSON.parse(stdout.toString());
  assert.ok(Number.isInteger(other.pid) && other.pid !== pid, stdout.toString());
});

test('no other user can signal or kill the processes of a user', async () => {
  const pids = (await host.processes('alice'))
    .filter(({ args }) => /bangerd|node/.test(args))
    .map(({ pid }) => String(pid));
  assert.ok(pids.length > 0);
  for (const signal of ['TERM', 'USR1', 'KILL']) {
    const { status, stderr } = await host.asUser('bob', ['kill', `-${signal}`, ...pids]);
    assert.notEqual(status, 0);
    assert.match(stderr, /not permitted/);
  }
  await call(host, 'alice', 'DaemonStatus');
});
