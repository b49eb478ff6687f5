import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import { createProcedure } from '../../src/vm/create.ts';
import { startProcedure } from '../../src/vm/start/start.ts';
import { type FakeMachine, untilCancelled } from '../support/in-process/machines.ts';
import { makeVm } from '../support/vm.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

test('create waits, shows stages and prints the name', async () => {
  const args = ['--name', 'web', '--image', 'debian-bookworm', '--vcpu', '4', '--memory', '2G'];
  const more = ['--disk-size', '20GiB', '--network', 'user'];
  const { status, stdout, stderr } = await fixture.run(['vm', 'create', ...args, ...more]);
  assert.equal(stdout, 'web\n');
  const [spec, ...stages] = stderr.trimEnd().split('\n');
  assert.equal(spec, 'spec: 4 vcpu · 2048 MiB · 20G disk');
  const steps = [...createProcedure.steps, ...startProcedure.steps];
  assert.deepEqual(
    stages,
    steps.map(({ name }) => `stage ${name}`),
  );
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

test('create and run --detach warn once on stderr that a VM stops at logout, where it does', async () => {
  const line =
    'note: web: it is stopped when you log out for the last time; `loginctl enable-linger` keeps VMs running\n';
  const notes = async (...args: string[]) => {
    const { status, stdout, stderr } = await fixture.run(['vm', ...args]);
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stdout, /linger/);
    await fixture.daemon.deleteVm('web');
    return stderr.match(/^note: .*\n/gm) ?? [];
  };
  const goingOn = [
    ['create', '--name', 'web'],
    ['run', '--detach', '--name', 'web'],
  ];
  for (const [linger, expected] of [
    [true, []],
    [undefined, []],
    [false, [line]],
  ] as const) {
    await fixture.renew({ linger });
    for (const args of goingOn) assert.deepEqual(await notes(...args), expected, args.join(' '));
  }
  assert.deepEqual(await notes('create', '--no-start', '--name', 'web'), []);
  assert.deepEqual(await notes('run', '--name', 'web', '--', 'true'), []);
});

test('create --no-start makes a VM that does not run, with a name that the daemon picks', async () => {
  const { stdout } = await fixture.run(['vm', 'create', '--no-start']);
  assert.match(stdout, /^[a-z]+-[a-z]+\n$/);
  assert.deepEqual(fixture.daemon.calls, [['CreateVM', '', { start: false }]]);
  const [vm] = await fixture.daemon.manager.call('ListVMs');
  assert.deepEqual([vm?.[1], vm?.[3]], [stdout.trim(), 'stopped']);
});

test('what the daemon refuses is one line and the right status', async () => {
  await fixture.daemon.addVm('web');
  const none = /^banger: no VM "nope"; `banger vm list` shows those there are\n$/;
  const taken =
    /^banger: a VM named web exists; choose another name or delete it with `banger vm delete web`\n$/;
  const cases: [string[], number, RegExp][] = [
    [['vm', 'create', '--name', 'web'], 1, taken],
    [['vm', 'create', '--name', 'bad_name'], 2, /^banger: "bad_name" cannot name a VM; use up to 63 .*\n$/],
    [['vm', 'show', 'nope'], 1, none],
    [['vm', 'start', 'nope'], 1, none],
    [['vm', 'ssh', 'nope'], 125, none],
    [['vm', 'exec', 'nope', '--', 'ls'], 125, none],
    [['vm', 'run', '--name', 'web'], 125, taken],
    [['vm', 'delete', 'web'], 1, /^banger: web is running; stop it first, or delete it with --force\n$/],
  ];
  for (const [args, expected, message] of cases) {
    const { status, stdout, stderr } = await fixture.run(args);
    assert.equal(status, expected, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});

test('creating a VM that fails reports the error of its job', async () => {
  fixture.daemon.machines.onBoot = (machine) => {
    machine.say('BANGER-FATAL \u001b[2Jno /dev/vda\n');
    machine.end(1);
  };
  const { status, stderr, stdout } = await fixture.run(['vm', 'create', '--name', 'web']);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /\nbanger: the guest gave up: .*no \/dev\/vda; read its console in \/.*console\.log\n$/,
  );
  assert.ok(!stderr.includes('\u001b'));
});

test('list and ls, as a table and as JSON', async () => {
  const id = await fixture.daemon.addVm('web');
  await fixture.daemon.addVm('db', { start: false });
  const table = await fixture.run(['vm', 'ls']);
  assert.equal(table.status, 0);
  assert.match(
    table.stdout,
    /^NAME +STATE +IMAGE +VCPU +MEMORY +DISK +ADDRESS +AGE\ndb +stopped .*\nweb +running /,
  );
  const json = await fixture.run(['vm', 'list', '--json']);
  const { address, created_at, ...others } = JSON.parse(json.stdout)[1];
  assert.deepEqual(others, {
    name: 'web',
    id,
    state: 'running',
    image: 'debian-bookworm',
    vcpus: 2,
    memory: 2 ** 30,
    disk_size: 2 ** 26,
  });
  assert.match(address, /^127\.\d+\.\d+\.\d+$/);
  assert.equal(new Date(created_at).toISOString(), created_at);
});

test('an empty list is empty on stdout and a valid JSON array', async () => {
  const table = await fixture.run(['vm', 'list']);
  assert.deepEqual([table.status, table.stdout], [0, '']);
  assert.match(table.stderr, /there is no VM yet; `banger vm run` makes one/);
  assert.equal((await fixture.run(['vm', 'list', '--json'])).stdout, '[]\n');
});

test('what a start could not do as asked is a note on stderr, and in show', async () => {
  for (const name of ['web', 'db']) await fixture.daemon.addVm(name, { start: false });
  const webId = await fixture.daemon.idOf('web');
  fixture.daemon.machines.onBoot = ({ spec, say }) => {
    if (spec.id === webId) say('BANGER-WARNING no home\nBANGER-WARNING said \u001b[2J\n');
  };
  const started = await fixture.run(['vm', 'start', 'web', 'db']);
  assert.equal(started.status, 0);
  const notes = started.stderr.split('\n').filter((line) => line.startsWith('note: '));
  assert.deepEqual(notes, [
    'note: web: the guest says: no home',
    'note: web: the guest says: said \ufffd[2J',
  ]);
  const shown = await fixture.run(['vm', 'show', 'web']);
  assert.match(
    shown.stdout,
    /^Warnings: +the guest says: no home\nWarnings: +the guest says: said \ufffd\[2J\n/m,
  );
  assert.match((await fixture.run(['vm', 'show', 'db'])).stdout, /^Warnings: +-\n/m);
  const json = await fixture.run(['vm', 'show', 'web', '--json']);
  assert.equal(JSON.parse(json.stdout).warnings.length, 2);
});

test('show prints everything that was recorded, without control characters of the guest', async () => {
  const lastError = 'said \u001b]0;x\u0007\u009b';
  await fixture.renew({ record: (vms) => vms.add(makeVm({ lastError })) });
  const shown = await fixture.run(['vm', 'show', 'web']);
  assert.match(shown.stdout, /^Name: +web\n/);
  assert.match(shown.stdout, /^State: +failed\n/m);
  assert.match(shown.stdout, /^Last error: +said /m);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  assert.doesNotMatch(shown.stdout, /[\u001b\u009b]/);
  const json = await fixture.run(['vm', 'show', 'web', '--json']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  assert.doesNotMatch(json.stdout, /[\u001b\u009b]/);
  const vm = JSON.parse(json.stdout);
  assert.ok(vm.last_error.startsWith('said '));
  assert.equal(vm.started_at, null);
  assert.deepEqual(
    Object.keys(vm).filter((key) => !/^[a-z_]+$/.test(key)),
    [],
  );
});

test('several VMs start at once', async () => {
  for (const name of ['web', 'db']) await fixture.daemon.addVm(name, { start: false });
  let booting = 0;
  const both = Promise.withResolvers<void>();
  fixture.daemon.machines.onBoot = async () => {
    booting += 1;
    if (booting === 2) both.resolve();
    await both.promise;
  };
  const { status, stdout } = await fixture.run(['vm', 'start', 'web', 'db', 'web']);
  assert.deepEqual([status, stdout.split('\n').sort()], [0, ['', 'db started', 'web started']]);
});

test('stop and delete report each of several VMs', async () => {
  for (const name of ['web', 'db']) await fixture.daemon.addVm(name, { start: name === 'web' });
  const stopped = await fixture.run(['vm', 'stop', 'web', '--timeout', '5']);
  assert.deepEqual([stopped.status, stopped.stdout], [0, 'web stopped\n']);
  assert.deepEqual(fixture.daemon.calls.at(-1), ['Stop', { timeout: 5_000_000 }]);
  const deleted = await fixture.run(['vm', 'delete', 'web', 'nope', 'db']);
  assert.equal(deleted.status, 1);
  assert.deepEqual(deleted.stdout.split('\n').sort(), ['', 'db deleted', 'web deleted']);
  assert.equal(deleted.stderr, 'banger: nope: no VM "nope"; `banger vm list` shows those there are\n');
});

test('delete --force deletes what runs', async () => {
  await fixture.daemon.addVm('web');
  const { status } = await fixture.run(['vm', 'delete', '--force', 'web']);
  assert.equal(status, 0);
  assert.deepEqual(fixture.daemon.calls, [['Delete', { force: true }]]);
  assert.deepEqual(await fixture.daemon.vmNames(), []);
});

/** What is done to several VMs: the command, what is said of each, and what the daemon is asked. */
const many: [words: string[], done: string, call: unknown[]][] = [
  [['restart'], 'restarted', ['Restart', {}]],
  [['restart', '--timeout', '7'], 'restarted', ['Restart', { timeout: 7_000_000 }]],
  [['restart', '--timeout', '1m30s'], 'restarted', ['Restart', { timeout: 90_000_000 }]],
  [['kill', '--signal', 'sigstop'], 'was sent STOP', ['Kill', 'sigstop', {}]],
  [['kill', '-s', 'CONT'], 'was sent CONT', ['Kill', 'CONT', {}]],
  [['set', '--disk-size', '20G'], 'set', ['Set', { disk_size: 20 * 2 ** 30 }]],
  [['kill'], 'killed', ['Kill', 'KILL', {}]],
  [
    ['set', '--vcpu', '3', '--memory', '2G', '--disk-size', '30G'],
    'set',
    ['Set', { vcpus: 3, memory: 2 ** 31, disk_size: 30 * 2 ** 30 }],
  ],
];

test('restart, kill and set go on with the others when one of several VMs fails', async () => {
  for (const name of ['web', 'db']) await fixture.daemon.addVm(name);
  for (const [[command = '', ...options], done, call] of many) {
    fixture.daemon.calls.length = 0;
    const { status, stdout, stderr } = await fixture.run(['vm', command, ...options, 'web', 'nope', 'db']);
    assert.equal(status, 1, command);
    assert.deepEqual(stdout.split('\n').sort(), ['', `db ${done}`, `web ${done}`]);
    assert.deepEqual(
      stderr.split('\n').filter((line) => !/stage /.test(line)),
      ['banger: nope: no VM "nope"; `banger vm list` shows those there are', ''],
    );
    assert.deepEqual(fixture.daemon.calls, [call, call]);
  }
});

/** How a job of one VM fails: the command, what is said of the others, what the job says. */
const failing: [words: string[], done: string, spoil: (machine: FakeMachine) => void, says: RegExp][] = [
  [
    ['restart'],
    'restarted',
    ({ spec }) => {
      fixture.daemon.machines.onBoot = (machine) => {
        if (machine.spec.id === spec.id) machine.end(1);
      };
    },
    /exited with status 1/,
  ],
  [
    ['kill'],
    'killed',
    (machine) => {
      machine.onSignal = () => {
        throw new BangerError('HostNotReady', 'the service manager is gone', { remedy: 'log in again' });
      };
    },
    /the service manager is gone; log in again$/,
  ],
  [
    ['set', '--disk-size', '20G'],
    'set',
    ({ spec }) => {
      for (const { path, readonly } of spec.drives) if (!readonly) rmSync(path, { force: true });
    },
    /system\.ext4: there is no such file/,
  ],
];

for (const [[command = '', ...options], done, spoil, says] of failing) {
  test(`${command} names the VM whose job failed, and the jobs of the others are done`, async () => {
    for (const name of ['web', 'bad', 'db']) await fixture.daemon.addVm(name);
    spoil(await fixture.daemon.machineOf('bad'));
    const { status, stdout, stderr } = await fixture.run(['vm', command, ...options, 'web', 'bad', 'db']);
    assert.equal(status, 1, stderr);
    assert.deepEqual(stdout.split('\n').sort(), ['', `db ${done}`, `web ${done}`]);
    const failures = stderr.split('\n').filter((line) => line.startsWith('banger: '));
    assert.equal(failures.length, 1, stderr);
    assert.match(failures[0] ?? '', /^banger: bad: /);
    assert.match(failures[0] ?? '', says);
    assert.equal(fixture.daemon.calls.length, 3);
  });
}

test('a VM that is meant by its name, its id and a prefix is one VM', async () => {
  const id = await fixture.daemon.addVm('web');
  await fixture.daemon.addVm('db');
  const { status, stdout } = await fixture.run(['vm', 'restart', 'web', id, id.slice(0, 9), 'db', 'web']);
  assert.deepEqual([status, stdout.split('\n').sort()], [0, ['', 'db restarted', 'web restarted']]);
  assert.equal(fixture.daemon.calls.length, 2);
});

test('set and kill that cannot be meant reach no daemon', async () => {
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

test('show prints the stages of the last start, and JSON those of every start', async () => {
  await fixture.renew({
    record: (vms) => {
      vms.add(makeVm());
      vms.add(makeVm({ id: 'b123456789', name: 'new' }));
      vms.recordStart('a123456789', {
        beganAt: 1_700_000_001_000_000,
        result: 'failed',
        stages: [['files', 500_000]],
      });
      vms.recordStart('a123456789', {
        beganAt: 1_700_000_002_000_000,
        result: 'done',
        stages: [
          ['files', 12_000],
          ['boot', 64_300_000],
          ['of the future\u001b[2J', 1],
        ],
      });
    },
  });
  const { stdout } = await fixture.run(['vm', 'show', 'web']);
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.startsWith('Last start:'));
  assert.match(lines[at] ?? '', /^Last start: +done after 1m04s, on 2023-11-1\d \d\d:\d\d \(\d+d ago\)$/);
  assert.deepEqual(
    lines.slice(at + 1).map((line) => line.trim()),
    ['0.0s  checking files', '1m04s  booting the guest', '0.0s  of the future\ufffd[2J', ''],
  );
  const { starts } = JSON.parse((await fixture.run(['vm', 'show', 'web', '--json'])).stdout);
  assert.equal(starts.length, 2);
  assert.deepEqual(starts[1], {
    began_at: '2023-11-14T22:13:21.000Z',
    result: 'failed',
    seconds: 0.5,
    stages: [{ stage: 'files', seconds: 0.5 }],
  });
  assert.doesNotMatch((await fixture.run(['vm', 'show', 'new'])).stdout, /Last start/);
});

test('list -q prints names only, and what excludes each other is refused', async () => {
  assert.equal((await fixture.run(['vm', 'list', '-q'])).stdout, '');
  for (const name of ['web', 'db']) await fixture.daemon.addVm(name, { start: false });
  const { status, stdout, stderr } = await fixture.run(['vm', 'ls', '--quiet']);
  assert.deepEqual([status, stdout, stderr], [0, 'db\nweb\n', '']);
  assert.equal((await fixture.run(['vm', 'list', '-q', '--json'])).status, 2);
});

test('list: each state has its colour, where colours are wanted', async () => {
  await fixture.renew({
    record: (vms) => {
      vms.add(makeVm({ id: 'b123456789', name: 'b', lastError: 'it broke' }));
      vms.add(makeVm({ id: 'c123456789', name: 'c' }));
    },
  });
  await fixture.daemon.addVm('a');
  await fixture.daemon.addVm('d', { start: false });
  fixture.daemon.machines.onBoot = untilCancelled;
  await fixture.daemon.vm(await fixture.daemon.idOf('d')).call('Start', {});
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
