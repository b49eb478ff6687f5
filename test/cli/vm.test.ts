import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

test('create waits, shows stages and prints the name', async () => {
  fixture.daemon.scripts.create = async ({ stage }) => {
    stage('image', 0.5);
    await new Promise((resolve) => setTimeout(resolve, 100));
    stage('boot');
    await new Promise((resolve) => setTimeout(resolve, 100));
  };
  const args = ['--name', 'web', '--image', 'debian-bookworm', '--vcpu', '4', '--memory', '2G'];
  const more = ['--disk-size', '20GiB', '--network', 'user'];
  const { status, stdout, stderr } = await fixture.run(['vm', 'create', ...args, ...more]);
  assert.equal(stdout, 'web\n');
  assert.equal(stderr, 'spec: 4 vcpu · 2048 MiB · 8G disk\nstage image 50%\nstage boot\n');
  assert.equal(status, 0);
  assert.deepEqual(fixture.daemon.calls, [
    [
      'CreateVM',
      'web',
      {
        image: 'debian-bookworm',
        vcpus: 4,
        memory: 2 ** 31,
        disk_size: 20 * 2 ** 30,
        network: 'user',
        start: true,
      },
    ],
  ]);
});

test('that a VM ends with the last logout is said of one that is to go on: once, on stderr, where it is so', async () => {
  const line =
    'note: web: it is stopped when you log out for the last time; `loginctl enable-linger` has VMs go on\n';
  const notes = async (...args: string[]) => {
    const { status, stdout, stderr } = await fixture.run(['vm', ...args]);
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stdout, /linger/);
    fixture.daemon.removeVm(fixture.daemon.vms.get('web') ?? fixture.daemon.addVm('web'));
    return stderr.match(/^note: .*\n/gm) ?? [];
  };
  const goingOn = [
    ['create', '--name', 'web'],
    ['run', '--detach', '--name', 'web'],
  ];
  for (const [linger, expected] of [
    [false, [line]],
    [true, []],
    [undefined, []],
  ] as const) {
    fixture.daemon.status = linger === undefined ? {} : { linger };
    for (const args of goingOn) assert.deepEqual(await notes(...args), expected, args.join(' '));
  }
  fixture.daemon.status = { linger: false };
  assert.deepEqual(await notes('create', '--no-start', '--name', 'web'), []);
  assert.deepEqual(await notes('run', '--name', 'web', '--', 'true'), []);
});

test('create --no-start says so, and a name is made up by the daemon', async () => {
  const { stdout } = await fixture.run(['vm', 'create', '--no-start']);
  assert.equal(stdout, 'made-up\n');
  assert.deepEqual(fixture.daemon.calls, [['CreateVM', '', { start: false }]]);
});

test('what the daemon refuses is one line and the right status', async () => {
  fixture.daemon.addVm('web');
  const cases: [string[], number, RegExp][] = [
    [['vm', 'create', '--name', 'web'], 1, /^banger: there is a VM web already; choose another name.*\n$/],
    [
      ['vm', 'create', '--name', 'bad_name'],
      2,
      /^banger: bad_name is not a name for a VM; use up to 63 .*\n$/,
    ],
    [['vm', 'show', 'nope'], 1, /^banger: there is no VM nope; `banger vm list` shows them\n$/],
    [['vm', 'start', 'nope'], 1, /^banger: there is no VM nope/],
    [['vm', 'ssh', 'nope'], 125, /^banger: there is no VM nope/],
    [['vm', 'exec', 'nope', '--', 'ls'], 125, /^banger: there is no VM nope/],
    [['vm', 'run', '--name', 'web'], 125, /^banger: there is a VM web already; choose another name.*\n$/],
    [['vm', 'delete', 'web'], 1, /^banger: web is running; stop it first/],
  ];
  for (const [args, expected, message] of cases) {
    const { status, stdout, stderr } = await fixture.run(args);
    assert.equal(status, expected, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});

test('a VM that could not be made is told with the error of its job', async () => {
  fixture.daemon.scripts.create = (_, vm) => {
    if (vm) vm.state = 'failed';
    throw new BangerError('GuestFailed', 'the guest did not boot: \u001b[2Jno /dev/vda');
  };
  const { status, stderr, stdout } = await fixture.run(['vm', 'create', '--name', 'web']);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /\nbanger: the guest did not boot: .*no \/dev\/vda; read its console with .*\n$/);
  assert.ok(!stderr.includes('\u001b'));
});

test('list and ls, as a table and as JSON', async () => {
  fixture.daemon.addVm('web');
  fixture.daemon.addVm('db', { state: 'stopped' });
  const table = await fixture.run(['vm', 'ls']);
  assert.equal(table.status, 0);
  assert.match(
    table.stdout,
    /^NAME +STATE +IMAGE +VCPU +MEMORY +DISK +ADDRESS +AGE\ndb +stopped .*\nweb +running /,
  );
  const json = await fixture.run(['vm', 'list', '--json']);
  assert.deepEqual(JSON.parse(json.stdout)[1], {
    name: 'web',
    id: 'idweb',
    state: 'running',
    image: 'debian-bookworm',
    vcpus: 2,
    memory: 2 ** 30,
    disk_size: 2 ** 33,
    address: '127.0.0.1',
    created_at: '2023-11-14T22:13:20.000Z',
  });
});

test('an empty list is empty on stdout and a valid JSON array', async () => {
  const table = await fixture.run(['vm', 'list']);
  assert.deepEqual([table.status, table.stdout], [0, '']);
  assert.match(table.stderr, /there is no VM yet; `banger vm run` makes one/);
  assert.equal((await fixture.run(['vm', 'list', '--json'])).stdout, '[]\n');
});

test('what a start could not do as asked is a note on stderr, and in show', async () => {
  const warnings = ['file_sync[0] is left out', 'said \u001b[2J'];
  fixture.daemon.addVm('web', { state: 'stopped', warnings });
  fixture.daemon.addVm('db', { state: 'stopped' });
  const started = await fixture.run(['vm', 'start', 'web', 'db']);
  assert.equal(started.status, 0);
  const notes = started.stderr.split('\n').filter((line) => line.startsWith('note: '));
  assert.deepEqual(notes, ['note: web: file_sync[0] is left out', 'note: web: said \ufffd[2J']);
  const created = await fixture.run(['vm', 'create', '--name', 'new']);
  assert.doesNotMatch(created.stderr, /note: /);
  const shown = await fixture.run(['vm', 'show', 'web']);
  assert.match(shown.stdout, /^Warnings: +file_sync\[0\] is left out\nWarnings: +said \ufffd\[2J\n/m);
  assert.match((await fixture.run(['vm', 'show', 'db'])).stdout, /^Warnings: +-\n/m);
  const json = await fixture.run(['vm', 'show', 'web', '--json']);
  assert.equal(JSON.parse(json.stdout).warnings.length, 2);
});

test('show tells all, with what the guest may have written made harmless', async () => {
  fixture.daemon.addVm('web', { state: 'failed', lastError: 'said \u001b]0;x\u0007\u009b' });
  const shown = await fixture.run(['vm', 'show', 'web']);
  assert.match(shown.stdout, /^Name: +web\n/);
  assert.match(shown.stdout, /^Last error: said /m);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  assert.doesNotMatch(shown.stdout, /[\u001b\u009b]/);
  const json = await fixture.run(['vm', 'show', 'web', '--json']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  assert.doesNotMatch(json.stdout, /[\u001b\u009b]/);
  const vm = JSON.parse(json.stdout);
  assert.equal(vm.last_error, 'said \u001b]0;x\u0007\u009b');
  assert.equal(vm.started_at, null);
  assert.deepEqual(
    Object.keys(vm).filter((key) => !/^[a-z_]+$/.test(key)),
    [],
  );
});

test('start, stop and delete several at once, reporting each', async () => {
  fixture.daemon.addVm('web', { state: 'stopped' });
  fixture.daemon.addVm('db', { state: 'stopped' });
  let running = 0;
  let most = 0;
  fixture.daemon.scripts.start = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 200));
    running--;
  };
  const started = await fixture.run(['vm', 'start', 'web', 'db', 'web']);
  assert.deepEqual(
    [started.status, started.stdout.split('\n').sort()],
    [0, ['', 'db started', 'web started']],
  );
  assert.equal(most, 2, 'at once');
  const stopped = await fixture.run(['vm', 'stop', 'web', '--timeout', '5']);
  assert.deepEqual([stopped.status, stopped.stdout], [0, 'web stopped\n']);
  assert.deepEqual(fixture.daemon.calls.at(-1), ['Stop', 'web', { timeout: 5_000_000 }]);
  const deleted = await fixture.run(['vm', 'delete', 'web', 'nope', 'db']);
  assert.equal(deleted.status, 1);
  assert.deepEqual(deleted.stdout.split('\n').sort(), ['', 'db deleted', 'web deleted']);
  assert.equal(deleted.stderr, 'banger: nope: there is no VM nope; `banger vm list` shows them\n');
});

test('delete --force deletes what runs', async () => {
  fixture.daemon.addVm('web');
  const { status } = await fixture.run(['vm', 'delete', '--force', 'web']);
  assert.equal(status, 0);
  assert.deepEqual(fixture.daemon.calls, [['Delete', 'web', { force: true }]]);
});

test('restart, kill and set on several, with their options; one that fails keeps the others from nothing', async () => {
  for (const name of ['web', 'db', 'bad']) fixture.daemon.addVm(name);
  for (const kind of ['restart', 'kill', 'set']) {
    fixture.daemon.scripts[kind] = (_, vm) => {
      if (vm?.name === 'bad')
        throw new BangerError('ImageDamaged', 'its disk is gone', { remedy: 'find it' });
    };
  }
  const cases: [string[], string, unknown[]][] = [
    [['restart'], 'restarted', ['Restart', 'web', {}]],
    [['restart', '--timeout', '7'], 'restarted', ['Restart', 'web', { timeout: 7_000_000 }]],
    [['kill'], 'killed', ['Kill', 'web', 'KILL', {}]],
    [['kill', '--signal', 'sigstop'], 'was sent STOP', ['Kill', 'web', 'sigstop', {}]],
    [['kill', '-s', 'CONT'], 'was sent CONT', ['Kill', 'web', 'CONT', {}]],
    [
      ['set', '--vcpu', '3', '--memory', '2G', '--disk-size', '20G'],
      'set',
      ['Set', 'web', { vcpus: 3, memory: 2 ** 31, disk_size: 20 * 2 ** 30 }],
    ],
    [['set', '--disk-size', '20G'], 'set', ['Set', 'web', { disk_size: 20 * 2 ** 30 }]],
  ];
  for (const [[command = '', ...options], done, call] of cases) {
    fixture.daemon.calls.length = 0;
    const { status, stdout, stderr } = await fixture.run([
      'vm',
      command,
      ...options,
      'web',
      'bad',
      'db',
      'nope',
    ]);
    assert.equal(status, 1, command);
    assert.deepEqual(stdout.split('\n').sort(), ['', `db ${done}`, `web ${done}`]);
    assert.deepEqual(stderr.split('\n').sort(), [
      '',
      'banger: bad: its disk is gone; find it',
      'banger: nope: there is no VM nope; `banger vm list` shows them',
    ]);
    assert.deepEqual(
      fixture.daemon.calls.find(([, name]) => name === 'web'),
      call,
    );
  }
});

test('a VM that is meant by its name, its id and a prefix is one VM', async () => {
  fixture.daemon.addVm('web');
  fixture.daemon.addVm('db');
  const { status, stdout } = await fixture.run(['vm', 'restart', 'web', 'idweb', 'idw', 'idd', 'web']);
  assert.deepEqual([status, stdout.split('\n').sort()], [0, ['', 'db restarted', 'web restarted']]);
  assert.deepEqual(fixture.daemon.calls.map(([, name]) => name).sort(), ['db', 'web']);
});

test('set and kill that cannot be meant reach no daemon', async () => {
  fixture.daemon.addVm('web');
  const cases: [string[], RegExp][] = [
    [
      ['set', 'web'],
      /what is to change\? give --vcpu, --memory, --disk-size, --nat or --no-nat; see `banger vm set --help`/,
    ],
    [['set', '--vcpu', '2'], /which VM\? give a name or an id/],
    [['set', 'web', '--vcpu', '0'], /--vcpu "0": it must be a whole number from 1 to 999999; /],
    [['set', 'web', '--memory', '-1G'], /--memory/],
    [['set', 'web', '--disk-size', '20'], /it has no unit; write 20M or 20G/],
    [['set', 'web', '--name', 'x'], /unknown option --name/],
    [['kill', 'web', '--signal', ''], /--signal is empty/],
    [['kill', 'web', '-9'], /unknown option -9/],
    [['kill'], /which VM\?/],
    [['restart', 'web', '--timeout', 'soon'], /--timeout "soon"/],
    [['restart', 'web', '--force'], /unknown option --force/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await fixture.run(['vm', ...args]);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, message);
  }
  assert.deepEqual(fixture.daemon.calls, []);
});

test('show tells the stages of the last start, and JSON those of all', async () => {
  fixture.daemon.addVm('web', {
    starts: [
      [
        1_700_000_002_000_000,
        'done',
        [
          ['files', 12_000],
          ['boot', 64_300_000],
          ['of the future\u001b[2J', 1],
        ],
      ],
      [1_700_000_001_000_000, 'failed', [['files', 500_000]]],
    ],
  });
  const { stdout } = await fixture.run(['vm', 'show', 'web']);
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.startsWith('Last start:'));
  assert.match(lines[at] ?? '', /^Last start: done after 1m04s, on 2023-11-1\d \d\d:\d\d \(\d+d ago\)$/);
  assert.deepEqual(lines.slice(at + 1), [
    '             0.0s  checking files',
    '            1m04s  booting the guest',
    '             0.0s  of the future\ufffd[2J',
    '',
  ]);
  const { starts } = JSON.parse((await fixture.run(['vm', 'show', 'web', '--json'])).stdout);
  assert.equal(starts.length, 2);
  assert.deepEqual(starts[1], {
    began_at: '2023-11-14T22:13:21.000Z',
    result: 'failed',
    seconds: 0.5,
    stages: [{ stage: 'files', seconds: 0.5 }],
  });
  fixture.daemon.addVm('new', { state: 'stopped' });
  assert.doesNotMatch((await fixture.run(['vm', 'show', 'new'])).stdout, /Last start/);
});

test('list -q prints names only, and what excludes each other is refused', async () => {
  assert.equal((await fixture.run(['vm', 'list', '-q'])).stdout, '');
  fixture.daemon.addVm('web');
  fixture.daemon.addVm('db', { state: 'stopped' });
  const { status, stdout, stderr } = await fixture.run(['vm', 'ls', '--quiet']);
  assert.deepEqual([status, stdout, stderr], [0, 'db\nweb\n', '']);
  assert.equal((await fixture.run(['vm', 'list', '-q', '--json'])).status, 2);
});

test('list: each state has its colour, where colours are wanted', async () => {
  for (const [name, state] of Object.entries({ a: 'running', b: 'failed', c: 'stopped', d: 'starting' }))
    fixture.daemon.addVm(name, { state });
  const coloured = await fixture.run(['vm', 'list'], { env: { FORCE_COLOR: '1' } });
  const states = ['\u001b[32mrunning', '\u001b[31mfailed', '\u001b[2mstopped', '\u001b[33mstarting'];
  const lines = coloured.stdout.split('\n').slice(1);
  for (const [row, state] of states.entries()) assert.ok(lines[row]?.includes(`${state}\u001b[`), lines[row]);
  assert.ok(!(await fixture.run(['vm', 'list'])).stdout.includes('\u001b'));
});

test('list --watch is refused where nothing can be drawn over', async () => {
  const { status, stderr } = await fixture.run(['vm', 'list', '--watch']);
  assert.equal(status, 2);
  assert.match(
    stderr,
    /^banger: --watch needs a terminal that can draw; print the list once without it; see/,
  );
});
