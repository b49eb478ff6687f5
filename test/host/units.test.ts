import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/program.ts';
import { type GuestUser, openGuestHost } from './support/guests.ts';

let alice: GuestUser;
before(async () => {
  alice = await openGuestHost('alice', {}, 'both');
});
after(() => alice.host.close());

const MiB = 1024 * 1024;
const loaded = async () => (await alice.host.units('banger-vm-*', 'alice')).map(({ unit }) => unit);

/** Properties of a unit as its manager tells them. */
async function properties(unit: string, ...names: string[]): Promise<Record<string, string>> {
  const said = await alice.says('systemctl', '--user', 'show', unit, ...names.map((name) => `-p${name}`));
  return Object.fromEntries(said.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

async function becomes(name: string, state: string): Promise<void> {
  await until(`${name} is ${state}`, async () => (await alice.show(name)).state === state);
}

/** Starts the VM if need be, and leaves data in it that was written out and data that was not. */
async function startWithData(name: string, synced: string): Promise<void> {
  if ((await alice.show(name)).state !== 'running') await alice.banger('vm', 'start', name);
  await alice.banger('vm', 'exec', name, '--', 'sh', '-c', `echo ${synced} >/root/synced; sync`);
}

test('a VM is a unit of its user, as large as the VM', async () => {
  await alice.banger('vm', 'create', '--image', 'tiny', '--name', 'web', '--memory', '512M', '--vcpu', '2');
  const { id, unit } = await alice.show('web');
  assert.equal(unit, `banger-vm-${id}.service`);
  const told = await properties(
    unit,
    ...['Description', 'Slice', 'ActiveState', 'MemoryMax', 'TasksMax', 'CPUWeight', 'LimitCORE'],
    ...['KillMode', 'OOMPolicy', 'TimeoutStopUSec', 'PrivateUsers', 'ProtectSystem', 'Environment'],
  );
  assert.deepEqual(told, {
    Description: 'banger VM web',
    Slice: 'banger.slice',
    ActiveState: 'active',
    MemoryMax: String((512 + 32 + 512) * MiB),
    TasksMax: '130',
    CPUWeight: '100',
    LimitCORE: '0',
    KillMode: 'mixed',
    OOMPolicy: 'stop',
    TimeoutStopUSec: '1min 30s',
    PrivateUsers: 'yes',
    ProtectSystem: 'strict',
    Environment: `BANGER_STATE_DIRECTORY=${alice.state}`,
  });
});

test('from outside of its unit, the network of a VM is switched and its ports are forwarded', async () => {
  const servers = `import socket
tcp = socket.socket(); tcp.bind(('0.0.0.0', 7000)); tcp.listen()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(('0.0.0.0', 7001))
while True: udp.recvfrom(9)`;
  await alice.banger('vm', 'create', '--name', 'server', '--memory', '512M');
  const inGuest = (...argv: string[]) => alice.run(['vm', 'exec', 'server', '--', ...argv]);
  await inGuest('systemd-run', '--quiet', '--unit=servers', 'python3', '-c', servers);
  const endpoints = async () => {
    const told: { port: number; endpoint: string }[] = JSON.parse(
      await alice.banger('vm', 'ports', 'server', '--json'),
    );
    return told.flatMap(({ port, endpoint }) => (port >= 7000 && port <= 7001 ? [endpoint] : []));
  };
  await until('both listen', async () => (await endpoints()).length === 2);
  assert.match((await endpoints()).join(' '), /^(127\.66\.\d+\.\d+):7000 \1:7001$/);
  const asksForNames = async () => (await inGuest('ping', '-c', '1', '-W', '10', '10.0.2.3')).status === 0;
  assert.equal(await asksForNames(), true);
  await alice.banger('vm', 'set', 'server', '--no-nat');
  assert.equal(await asksForNames(), false);
  await alice.banger('vm', 'set', 'server', '--nat');
  assert.equal(await asksForNames(), true);
  await alice.banger('vm', 'delete', '--force', '--yes', 'server');
});

test('systemctl stop powers the guest off, also after the manager re-executed itself, with clean disks', async () => {
  await startWithData('web', 'one');
  const { id, unit } = await alice.show('web');
  await alice.says('systemctl', '--user', 'daemon-reload');
  await alice.says('systemctl', '--user', 'daemon-reexec');
  assert.equal((await alice.show('web')).state, 'running');
  assert.equal(await alice.banger('vm', 'exec', 'web', '--', 'cat', '/root/synced'), 'one\n');
  await alice.host.asUser('alice', ['systemctl', '--user', 'stop', unit], { timeoutMs: 120_000 });
  await becomes('web', 'stopped');
  await alice.assertCleanDisks(id);
  assert.deepEqual(await loaded(), []);
  const logs = await alice.banger('vm', 'logs', 'web');
  assert.match(logs, /==> console of web <==[\s\S]*Power down[\s\S]*==> journal of web <==/);
  assert.match(logs, /systemd: Stopped banger-vm-\w+\.service/);
});

test('a stop of a frozen guest completes by itself and loses no synced data', async () => {
  await startWithData('web', 'two');
  const { unit } = await alice.show('web');
  await alice.banger('vm', 'kill', 'web', '--signal', 'STOP');
  const begun = performance.now();
  const stopped = await alice.host.asUser('alice', ['systemctl', '--user', 'stop', unit], {
    timeoutMs: 60_000,
  });
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.ok(performance.now() - begun < 30_000, 'it waited for a guest that does not answer');
  await becomes('web', 'stopped');
  await alice.banger('vm', 'start', 'web');
  assert.equal(await alice.banger('vm', 'exec', 'web', '--', 'cat', '/root/synced'), 'two\n');
});

test('a daemon that was killed finds its VM again, and hears how the VMM dies', async () => {
  await startWithData('web', 'three');
  const { id, unit } = await alice.show('web');
  const before = await properties(unit, 'MainPID', 'InvocationID');
  await alice.host.rootSays('kill', '-KILL', String(await alice.daemon()));
  assert.equal((await alice.show('web')).state, 'running');
  assert.deepEqual(await properties(unit, 'MainPID', 'InvocationID'), before);
  assert.equal(await alice.banger('vm', 'exec', 'web', '--', 'cat', '/root/synced'), 'three\n');
  await alice.says('systemctl', '--user', 'kill', '--signal=KILL', unit);
  await becomes('web', 'failed');
  assert.match((await alice.show('web')).last_error, /was killed by SIGKILL/);
  await until('the failed unit is read and given up', async () => (await loaded()).length === 0);
  const runtime = `/run/user/1000/banger/vms/${id}`;
  assert.notEqual(
    (await alice.host.asRoot(['test', '-e', runtime])).status,
    0,
    'its runtime directory was left',
  );
});

test('a VMM that died while the daemon was away is known to have, and its unit is given up', async () => {
  await startWithData('web', 'four');
  const { unit } = await alice.show('web');
  await alice.host.rootSays('kill', '-KILL', String(await alice.daemon()));
  await alice.says('systemctl', '--user', 'kill', '--signal=ABRT', unit);
  await until(
    'the unit failed',
    async () => (await properties(unit, 'ActiveState')).ActiveState === 'failed',
  );
  await becomes('web', 'failed');
  assert.match((await alice.show('web')).last_error, /was killed by SIGABRT/);
  assert.deepEqual(await loaded(), []);
});

test('stop and kill of banger leave no unit', async () => {
  await startWithData('web', 'five');
  const { id } = await alice.show('web');
  await alice.banger('vm', 'stop', 'web');
  assert.deepEqual(await loaded(), []);
  await alice.assertCleanDisks(id);
  await alice.banger('vm', 'start', 'web');
  await alice.banger('vm', 'kill', 'web');
  assert.equal((await alice.show('web')).state, 'stopped');
  assert.deepEqual(await loaded(), []);
});

test('a VMM that no row knows is stopped by the next daemon, with clean disks', async () => {
  await startWithData('web', 'six');
  const { id, unit } = await alice.show('web');
  await alice.host.rootSays('kill', '-KILL', String(await alice.daemon()));
  const forget = `const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync('${alice.state}/banger.db').exec("update vms set supervised = null, started_at = 0");`;
  await alice.says(await alice.node(), '-e', forget);
  assert.equal((await alice.show('web')).state, 'stopped');
  await until('its unit is gone', async () => !(await loaded()).includes(unit), 120_000);
  await alice.assertCleanDisks(id);
});

test('a logout without linger, and a reboot of the host, end in clean disks and true states', async () => {
  await startWithData('web', 'seven');
  const { id } = await alice.show('web');
  await alice.host.logout('alice');
  await alice.assertCleanDisks(id);
  await alice.host.login('alice');
  assert.equal((await alice.show('web')).state, 'stopped');
  await startWithData('web', 'eight');
  await alice.host.reboot();
  await alice.assertCleanDisks(id);
  await alice.host.login('alice');
  assert.equal((await alice.show('web')).state, 'stopped');
  await alice.banger('vm', 'delete', '--yes', 'web');
});
