import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runProgram, until } from '../support/program.ts';
import { signalProgram } from './support/commands.ts';
import { openHost, type TestHost } from './support/host.ts';

let host: TestHost;
before(async () => {
  host = await openHost();
});
after(() => host.close());

test('boots whole, in a network of its own, with the device of tunnels open to all', async () => {
  assert.equal(await host.rootSays('systemctl', 'is-system-running'), 'running');
  assert.deepEqual(
    (await host.units('*.service')).filter(({ active }) => active === 'failed'),
    [],
  );
  assert.equal(await host.rootSays('ls', '/sys/class/net'), 'lo');
  assert.equal(await host.userSays('alice', 'stat', '--format=%a', '/dev/net/tun'), '666');
  // What mmdebstrap and the enclosures of VMs are made of.
  await host.userSays('alice', 'unshare', '--map-auto', '--map-root-user', '--mount-proc', '-pf', 'true');
});

test('a command passes its status, its input and its output on', async () => {
  const ended = await host.asUser('alice', ['sh', '-c', 'cat; echo oops >&2; exit 7'], { input: 'in' });
  assert.deepEqual([ended.status, ended.stdout.toString(), ended.stderr], [7, 'in', 'oops\n']);
  const killed = await host.asUser('bob', ['sh', '-c', 'kill -TERM $$']);
  assert.equal(killed.status, 128 + 15);
  assert.equal(await host.userSays('bob', 'id', '-un'), 'bob');
  assert.equal(await host.userSays('bob', 'pwd'), '/home/bob');
  assert.equal(
    (await host.asUser('bob', ['printenv', 'A'], { env: { A: 'b c' } })).stdout.toString(),
    'b c\n',
  );
});

test('a command that is too late is ended in the host, too, and one gets a signal itself', async () => {
  await assert.rejects(host.asUser('bob', ['sleep', '1234'], { timeoutMs: 300 }), /did not end within/);
  await until('it has ended', async () => (await host.processes('bob')).length === 0);
  const running = host.startAsUser('bob', [
    'sh',
    '-c',
    'trap "echo hup; exit 3" HUP; echo up; while :; do sleep 0.1; done',
  ]);
  await running.says('up');
  signalProgram(running, 'SIGHUP');
  const { status, stdout } = await running.ended;
  assert.deepEqual([status, stdout.toString()], [3, 'up\nhup\n']);
});

test('a login brings a session, a manager and a bus, and a logout takes them', async () => {
  assert.equal(await host.userManagerIsUp('alice'), false);
  await host.login('alice');
  assert.equal((await host.sessions('alice')).length, 1);
  assert.equal(await host.userManagerIsUp('alice'), true);
  await host.userSays('alice', 'systemd-run', '--user', '--unit=kept', 'sleep', 'infinity');
  assert.deepEqual(
    (await host.units('kept.service', 'alice')).map(({ active, sub }) => `${active} ${sub}`),
    ['active running'],
  );
  await host.logout('alice');
  assert.equal(await host.userManagerIsUp('alice'), false);
  assert.deepEqual(await host.processes('alice'), []);
});

test('a user who lingers keeps the manager after a logout, and has one after a reboot', async () => {
  await host.linger('bob', true);
  await host.login('bob');
  await host.logout('bob');
  assert.equal(await host.userManagerIsUp('bob'), true);
  await host.reboot();
  await until('the manager is there', () => host.userManagerIsUp('bob'));
  await host.linger('bob', false);
  assert.equal(await host.userManagerIsUp('bob'), false);
});

test('a reboot lets units stop in order and keeps files and the journal', async () => {
  await host.login('alice');
  const id = await host.rootSays('cat', '/proc/sys/kernel/random/boot_id');
  await host.userSays(
    'alice',
    ...['systemd-run', '--user', '--property=ExecStop=/bin/touch /home/alice/stopped', 'sleep', 'infinity'],
  );
  await host.userSays(
    'alice',
    'sh',
    '-c',
    'echo text >file; logger --journald <<END\nMESSAGE=before\nVM_ID=one\nEND',
  );
  await host.reboot();
  assert.notEqual(await host.rootSays('cat', '/proc/sys/kernel/random/boot_id'), id);
  assert.deepEqual(
    (await host.files('/home/alice')).filter((path) => /\/(stopped|file)$/.test(path)),
    ['/home/alice/file', '/home/alice/stopped'],
  );
  const entries = await host.journal({ user: 'alice', fields: { VM_ID: 'one' }, allBoots: true });
  assert.deepEqual(
    entries.map(({ MESSAGE }) => MESSAGE),
    ['before'],
  );
  assert.deepEqual(await host.journal({ user: 'alice', fields: { VM_ID: 'one' } }), []);
});

test('a power cut kills all processes at once and keeps files', async () => {
  await host.login('alice');
  await host.userSays(
    'alice',
    ...['systemd-run', '--user', '--property=ExecStop=/bin/touch /home/alice/stopped-2', 'sleep', 'infinity'],
  );
  await host.userSays('alice', 'sh', '-c', 'echo text >file-2');
  await host.powerCut();
  const files = await host.files('/home/alice');
  assert.ok(files.includes('/home/alice/file-2') && !files.includes('/home/alice/stopped-2'));
  assert.equal(readFileSync(host.path('/home/alice/file-2'), 'utf8'), 'text\n');
});

test('the journals of a host can be collected', async (t) => {
  const directory = mkdtempSync('/tmp/bt-');
  t.after(() => rmSync(directory, { recursive: true }));
  await host.collectJournals(directory);
  assert.deepEqual(readdirSync(directory).sort(), [
    'console.txt',
    'journal.txt',
    'processes.txt',
    'units.txt',
  ]);
  assert.match(readFileSync(join(directory, 'journal.txt'), 'utf8'), /systemd\[1\]: Startup finished/);
});

test('two hosts at once know nothing of each other', async () => {
  const other = await openHost();
  try {
    assert.notEqual(
      await other.rootSays('cat', '/etc/machine-id'),
      await host.rootSays('cat', '/etc/machine-id'),
    );
    await other.userSays('alice', 'touch', 'of-the-other');
    assert.deepEqual(
      (await host.files('/home/alice')).filter((path) => path.includes('other')),
      [],
    );
    await other.login('bob');
    assert.equal(await host.userManagerIsUp('bob'), false);
  } finally {
    await other.close();
  }
  assert.equal(await host.rootSays('systemctl', 'is-system-running'), 'running');
});

test('a test that is killed leaves nothing of its host', async () => {
  const program = `
    import { openHost } from ${JSON.stringify(join(import.meta.dirname, 'support/host.ts'))};
    const host = await openHost();
    await host.login('alice');
    host.startAsUser('alice', ['sleep', '4321']);
    host.startAsUser('alice', ['sh', '-c', 'sleep 4321 & kill -STOP 0']);
    console.log('open');
    setTimeout(() => {}, 60_000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const mark = `${child.pid}-1`;
  const cgroups = () => globSync(`/sys/fs/cgroup/**/banger-test-${mark}`);
  assert.equal(cgroups().length, 1);
  child.kill('SIGKILL');
  await until('its cgroup is gone', () => cgroups().length === 0);
  const processes = await runProgram('ps', ['-eo', 'args']);
  assert.doesNotMatch(processes.stdout.toString(), new RegExp(`sleep 4321|${mark}`));
  const disk = join(import.meta.dirname, `../../build/test/host/${mark}.disk`);
  assert.equal(existsSync(disk), false);
});
