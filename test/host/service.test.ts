import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { until } from '../support/program.ts';
import type { TestHost } from './support/host.ts';
import {
  call,
  callCommand,
  openServiceHost,
  override,
  property,
  stop,
  untilUnit,
  write,
} from './support/service.ts';

const unit = 'bangerd.service';
const socket = '/run/user/1000/banger/bangerd.sock';
let host: TestHost;
before(async () => {
  host = await openServiceHost();
});
after(() => host.close());
beforeEach(() => override(host, 'alice'));

const metrics = ['curl', '-sS', '--max-time', '25', '--unix-socket', socket, 'http://banger/metrics'];
const systemctl = (...args: string[]) => host.userSays('alice', 'systemctl', '--user', ...args);
const logged = async () =>
  (await host.journal({ user: 'alice', fields: { SYSLOG_IDENTIFIER: 'bangerd' } })).map(
    ({ MESSAGE = '' }) => MESSAGE,
  );

test('the first call after a login starts the daemon, which reports that it is ready', async (t) => {
  assert.equal(await property(host, 'alice', 'ActiveState'), 'inactive');
  const begin = performance.now();
  const answer = await call(host, 'alice', 'DaemonStatus');
  t.diagnostic(`first call: ${Math.round(performance.now() - begin)} ms`);
  assert.match(answer, /"log" s "journalctl --user -u bangerd"/);
  assert.doesNotMatch(answer, /log_file/);
  assert.match(await systemctl('status', unit), /Active: active \(running\)[\s\S]*Status: "idle"/);
  assert.equal(await property(host, 'alice', 'Slice'), 'banger.slice');
  const again = performance.now();
  await call(host, 'alice', 'ListVMs');
  t.diagnostic(`second call: ${Math.round(performance.now() - again)} ms`);
});

test('the first request at the socket starts it, and the socket outlives it', async () => {
  assert.equal(await host.userSays('alice', 'stat', '--format=%a %F', socket), '600 socket');
  assert.equal(await host.userSays('alice', 'stat', '--format=%a', '/run/user/1000/banger'), '700');
  assert.match(await host.userSays('alice', ...metrics), /^# TYPE banger_/);
  await stop(host, 'alice');
  assert.match(await host.userSays('alice', ...metrics), /^# TYPE banger_/);
  assert.equal(await property(host, 'alice', 'ActiveState'), 'active');
  const pid = await property(host, 'alice', 'MainPID');
  const environment = await host.rootSays('cat', `/proc/${pid}/environ`);
  assert.match(environment, /LISTEN_FDNAMES=http/, 'it was systemd that opened the socket');
});

test('without its socket the bus starts it all the same', async (t) => {
  await systemctl('stop', unit, 'bangerd.socket');
  t.after(async () => {
    await stop(host, 'alice');
    await host.userSays('alice', 'rm', '-r', socket);
    await systemctl('start', 'bangerd.socket');
  });
  // Something is in the way, so the unit that the service wants fails.
  await host.userSays('alice', 'rm', '-f', socket);
  await host.userSays('alice', 'mkdir', socket);
  await host.userSays('alice', 'touch', `${socket}/x`);
  assert.match(await call(host, 'alice', 'ListVMs'), /^a\(/);
  assert.match(await host.userSays('alice', 'systemctl', '--user', 'is-active', unit), /^active$/);
});

test('systemctl restart, reload and stop work on the daemon', async () => {
  await systemctl('start', unit);
  const first = await property(host, 'alice', 'MainPID');
  await systemctl('restart', unit);
  assert.notEqual(await property(host, 'alice', 'MainPID'), first);
  assert.equal(await property(host, 'alice', 'ActiveState'), 'active');
  const level = () =>
    host.userSays(
      ...([
        'alice',
        'busctl',
        '--user',
        'get-property',
        'org.banger.Manager1',
        '/org/banger/Manager1',
      ] as const),
      ...['org.banger.Manager1', 'LogLevel'],
    );
  const config = '/home/alice/.config/banger/config.toml';
  write(host, config, 'log_level = "debug"\n');
  await systemctl('reload', unit);
  await until('the level is that of the file', async () => (await level()) === 's "debug"');
  write(host, config, 'log_level = "warn"\nvmm = 1\n');
  await systemctl('reload', unit);
  await untilUnit(host, 'alice', 'StatusText', (text) =>
    /^idle; configuration: .*:2: vmm must be/.test(text),
  );
  assert.equal(await level(), 's "debug"', 'a broken file changes nothing');
  assert.equal(await property(host, 'alice', 'ActiveState'), 'active');
  assert.ok((await logged()).some((message) => message.includes('config.toml:2: vmm must be')));
  await host.userSays('alice', 'rm', '-f', config);
  await systemctl('reload', unit);
  await untilUnit(host, 'alice', 'StatusText', (text) => text === 'idle');
  assert.equal(await level(), 's "info"');
  await stop(host, 'alice');
  assert.deepEqual(
    await host.processes('alice').then((all) => all.filter(({ args }) => /daemon\.cjs/.test(args))),
    [],
  );
  assert.equal(await property(host, 'alice', 'Result'), 'success');
});

test('a daemon that hangs is killed by the watchdog, and another takes its place', async () => {
  await override(host, 'alice', 'WatchdogSec=2s\nTimeoutAbortSec=1s');
  await call(host, 'alice', 'ListVMs');
  const hung = await property(host, 'alice', 'MainPID');
  const since = Date.now();
  await host.rootSays('kill', '-STOP', hung);
  await untilUnit(host, 'alice', 'MainPID', (pid) => pid !== hung && pid !== '0');
  assert.ok(Date.now() - since < 15_000);
  assert.match(await call(host, 'alice', 'ListVMs'), /^a\(/);
  assert.equal(await property(host, 'alice', 'NRestarts'), '1');
  // One whose loop turns is left alone for longer than that.
  const now = await property(host, 'alice', 'MainPID');
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  assert.equal(await property(host, 'alice', 'MainPID'), now);
});

test('clients of a daemon that cannot start get the cause, and it is not restarted forever', async () => {
  await stop(host, 'alice');
  const database = '/home/alice/.local/state/banger/banger.db';
  await host.userSays('alice', 'mv', database, `${database}.good`);
  write(host, database, 'this is no database, whatever its name says\n');
  await host.rootSays('chown', 'alice:', database);
  const begin = performance.now();
  for (let turn = 0; turn < 2; turn++) {
    const { status, stderr } = await host.asUser('alice', callCommand('ListVMs'));
    assert.deepEqual([status, /banger\.db is damaged .*; move it away/.test(stderr)], [1, true], stderr);
  }
  const asked = await host.userSays('alice', ...metrics, '--write-out', '%{http_code}');
  assert.match(asked, /banger\.db is damaged .*\n503$/);
  assert.ok(performance.now() - begin < 20_000);
  await untilUnit(host, 'alice', 'ActiveState', (state) => state === 'failed');
  const starts = (await logged()).length;
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  assert.equal((await logged()).length, starts, 'it is left alone');
  await host.userSays('alice', 'mv', `${database}.good`, database);
  assert.match(await call(host, 'alice', 'ListVMs'), /^a\(/);
});

test('the daemon is there again after the bus was away', async () => {
  await call(host, 'alice', 'ListVMs');
  const first = await property(host, 'alice', 'MainPID');
  // Not by a kill: if systemd 252 hears of the lost connection before the dead process, it connects anew to the socket
  // that it must serve itself, and waits for an answer for 90 s (manager_recheck_dbus, sd_bus_flush).
  await systemctl('restart', 'dbus.service');
  await untilUnit(host, 'alice', 'MainPID', (pid) => pid !== first && pid !== '0');
  await until('it answers', async () => (await host.asUser('alice', callCommand('ListVMs'))).status === 0);
});

test('a second daemon exits at once, and the first continues', async () => {
  await call(host, 'alice', 'ListVMs');
  const first = await property(host, 'alice', 'MainPID');
  const second = await host.asUser('alice', ['bangerd']);
  assert.deepEqual(
    [second.status, /another bangerd \(pid \d+\) has/.test(second.stderr)],
    [0, true],
    second.stderr,
  );
  assert.equal(await property(host, 'alice', 'MainPID'), first);
  assert.match(await call(host, 'alice', 'ListVMs'), /^a\(/);
});
