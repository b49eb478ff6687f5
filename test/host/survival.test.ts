/**
 * What a VM and a session in it outlive: restarts of the daemon of every kind, of the managers of the user and of
 * the host, and of the login where its user lingers.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/program.ts';
import { powerOff } from '../support/tiny/home.ts';
import { type GuestUser, openGuestHost } from './support/guests.ts';

/** Longer than what the daemon and a client wait for an answer of the guest's agent. */
const frozenMs = 12_000;

let alice: GuestUser;
before(async () => {
  alice = await openGuestHost('alice', {}, 'tiny');
  await alice.banger('vm', 'create', '--name', 'web', '--memory', '1G');
});
after(() => alice.host.close());

const bootOf = () => alice.banger('vm', 'exec', 'web', '--', 'cat', '/proc/sys/kernel/random/boot_id');
const systemctl = (...args: string[]) => alice.says('systemctl', '--user', ...args);

/** A property of the daemon's unit. */
const daemon = (property: string) => systemctl('show', '--value', `-p${property}`, 'bangerd.service');
const mainPid = async () => Number(await daemon('MainPID'));
/** The pid of the daemon, which must be there: a signal to pid 0 would reach the test itself. */
async function servingPid(): Promise<number> {
  const pid = await mainPid();
  assert.notEqual(pid, 0, 'the daemon does not run');
  return pid;
}

/**
 * Does something while a terminal is open in the guest: the terminal must go on where it was, and the guest must not
 * have booted anew.
 */
async function goesOnDuring(what: () => Promise<void>): Promise<void> {
  const boot = await bootOf();
  const session = alice.start([
    'vm',
    'ssh',
    'web',
    '--',
    'echo in; read -r word; echo "heard $word"; exit 7',
  ]);
  await session.says('in\n');
  await what();
  session.child.stdin?.end('well\n');
  const { status, stdout, stderr } = await session.ended;
  assert.deepEqual([status, stdout.toString()], [7, 'in\nheard well\n'], stderr);
  assert.equal((await alice.show('web')).state, 'running');
  assert.equal(await bootOf(), boot, 'the guest booted anew');
}

/** Waits until another daemon serves. */
async function isFollowed(former: number): Promise<void> {
  await until(
    'the next daemon serves',
    async () => (await daemon('ActiveState')) === 'active' && ![0, former].includes(await mainPid()),
    60_000,
  );
}

test('systemctl restart, a kill and a crash of the daemon touch neither VM nor session', async () => {
  await goesOnDuring(async () => {
    const first = await servingPid();
    await systemctl('restart', 'bangerd.service');
    await isFollowed(first);
    const second = await mainPid();
    await systemctl('kill', '--signal=KILL', 'bangerd.service');
    await isFollowed(second);
    const third = await mainPid();
    await systemctl('kill', '--signal=SEGV', 'bangerd.service');
    await isFollowed(third);
  });
});

test('a daemon that hangs is ended by its watchdog and followed by another', async () => {
  await goesOnDuring(async () => {
    const former = await servingPid();
    await alice.host.rootSays('kill', '-STOP', String(former));
    await isFollowed(former);
    const entries = await alice.host.journal({ user: 'alice', fields: { USER_UNIT: 'bangerd.service' } });
    assert.ok(
      entries.some(({ MESSAGE }) => /watchdog timeout/i.test(String(MESSAGE))),
      'the watchdog did not end it',
    );
  });
});

test('a reload of the daemon, and daemon-reexec and -reload of the user manager and of the host touch neither', async () => {
  await goesOnDuring(async () => {
    const pid = await servingPid();
    await systemctl('reload', 'bangerd.service');
    for (const verb of ['daemon-reexec', 'daemon-reload']) {
      await systemctl(verb);
      await alice.host.rootSays('systemctl', verb);
    }
    assert.equal(await mainPid(), pid, 'the daemon was restarted');
  });
  // What happens afterwards is heard of as before.
  await alice.banger('vm', 'exec', 'web', '--', ...powerOff.split(' ')).catch(() => undefined);
  await until('the power-off is noticed', async () => (await alice.show('web')).state === 'stopped', 60_000);
  await alice.banger('vm', 'start', 'web');
});

test('with linger a VM outlives the logout, and with linger off it is powered off with clean disks', async () => {
  const { id } = await alice.show('web');
  const boot = await bootOf();
  await alice.host.linger('alice', true);
  await alice.host.logout('alice');
  assert.equal(await bootOf(), boot, 'the guest booted anew');
  await alice.host.linger('alice', false);
  await alice.assertCleanDisks(id);
  await alice.host.login('alice');
  const shown = await alice.show('web');
  assert.deepEqual([shown.state, shown.last_error], ['stopped', '']);
  await alice.banger('vm', 'start', 'web');
});

test('a whole user session that is frozen, as in a suspend of the host, continues afterwards', async () => {
  await goesOnDuring(async () => {
    const slice = 'user-1000.slice';
    await alice.host.rootSays('systemctl', 'freeze', slice);
    await new Promise((resolve) => setTimeout(resolve, frozenMs));
    await alice.host.rootSays('systemctl', 'thaw', slice);
  });
});

test('stopping a systemd-run unit of vm run --rm deletes its VM', async () => {
  const running = alice.host.startAsUser(
    'alice',
    [
      ...['systemd-run', '--user', '--pipe', '--quiet', '--unit=task'],
      ...[
        '/home/alice/.local/bin/banger',
        'vm',
        'run',
        '--rm',
        '--name',
        'task',
        '--',
        'sh',
        '-c',
        'echo up; sleep 600',
      ],
    ],
    { timeoutMs: 240_000 },
  );
  await running.says('up\n');
  const { id, unit } = await alice.show('task');
  assert.equal(await systemctl('is-active', unit), 'active');
  await systemctl('stop', 'task.service');
  await running.ended;
  await until(
    'the VM is gone',
    async () =>
      !JSON.parse(await alice.banger('vm', 'list', '--json')).some((vm: { id: string }) => vm.id === id),
    60_000,
  );
  const left = await alice.host.processes('alice');
  assert.deepEqual(
    left.filter(({ args }) => args.includes(id)),
    [],
  );
  assert.deepEqual(
    (await alice.host.units('banger-vm-*', 'alice')).filter((one) => one.unit === unit),
    [],
  );
  for (const directory of [`${alice.state}/vms/${id}`, `/run/user/1000/banger/vms/${id}`]) {
    assert.deepEqual(await alice.host.files(directory), []);
  }
});
