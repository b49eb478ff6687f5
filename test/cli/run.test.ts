import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import { type Fixture, startFixture } from './old-fixture.ts';

let fixture: Fixture;
let repository: string;

before(async () => {
  fixture = await startFixture();
  repository = join(realpathSync(fixture.directory), 'repository');
  mkdirSync(join(repository, 'sub'), { recursive: true });
  execFileSync('git', ['init', '-q', repository]);
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

const members = () => fixture.daemon.calls.map(([member]) => member);

test('run -- command: its output, its status, and a reminder', async () => {
  const { status, stdout, stderr } = await fixture.start([
    'vm',
    'run',
    '--name',
    'web',
    '--',
    'sh',
    '-c',
    'echo out; exit 42',
  ]);
  assert.equal(status, 42);
  assert.equal(stdout, 'out\n');
  assert.match(stderr, /^spec: 2 vcpu · 1024 MiB · 8G disk\n/);
  assert.match(
    stderr,
    /banger: web still runs: .*`banger vm ssh web`.*`banger vm stop web`.*`banger vm delete --force web`/,
  );
  assert.deepEqual(fixture.daemon.calls, [['CreateVM', 'web', {}]]);
});

test('--rm deletes the VM whatever the status', async () => {
  for (const [command, expected] of [
    ['exit 0', 0],
    ['exit 7', 7],
    ['exit 255', 255],
    ['kill -KILL $$', 137],
  ] as const) {
    const { status, stderr } = await fixture.start(['vm', 'run', '--rm', '--', 'sh', '-c', command]);
    assert.equal(status, expected);
    assert.deepEqual(fixture.daemon.calls.splice(0), [
      ['CreateVM', '', { ephemeral: true }],
      ['Delete', 'made-up', { force: true }],
    ]);
    assert.doesNotMatch(stderr, /banger:/);
  }
});

test('arguments arrive exactly as given', async () => {
  const awkward = [
    '',
    'a b',
    "it's",
    '"',
    '$HOME',
    '`id`',
    'new\nline',
    '\\',
    '*',
    '--help',
    '-x',
    '~',
    'é日',
  ];
  const { status, stdout } = await fixture.start(['vm', 'run', '--rm', '--', 'printf', '%s|', ...awkward]);
  assert.equal(status, 0);
  assert.equal(stdout, `${awkward.join('|')}|`);
});

test('stdin reaches the command, and without a command the shell', async () => {
  const command = await fixture.start(['vm', 'run', '--rm', '--', 'tr', 'a-z', 'A-Z'], { input: 'hello' });
  assert.equal(command.stdout, 'HELLO');
  const shell = await fixture.start(['vm', 'run', '--rm'], { input: 'echo from the shell; exit 3' });
  assert.deepEqual([shell.status, shell.stdout], [3, 'from the shell\n']);
});

test('with a path: the workspace is prepared and the command runs in it', async () => {
  const args = ['vm', 'run', '--rm', join(repository, 'sub'), '--branch', 'work', '--', 'true'];
  await fixture.start(args);
  const options = { branch: 'work', guest_path: '/root/repo', bootstrap: false };
  assert.deepEqual(fixture.daemon.calls[1], [
    'PrepareWorkspace',
    'made-up',
    join(repository, 'sub'),
    options,
  ]);
  assert.match(fixture.sshArgs().at(-1) ?? '', /\/root\/repo/);
});

test('with a path and no command the bootstrap starts, and a shell in the repository', async () => {
  await fixture.start(['vm', 'run', '--rm', '.'], { cwd: repository });
  const options = { guest_path: '/root/repo', bootstrap: true };
  assert.deepEqual(fixture.daemon.calls[1], ['PrepareWorkspace', 'made-up', repository, options]);
  assert.match(fixture.sshArgs().at(-1) ?? '', /exec "\$SHELL" -l' '\/root\/repo'|'\/root\/repo' .*-l/);
});

test('a workspace that fails: with --rm nothing is left, else the VM is kept and named', async () => {
  fixture.daemon.scripts.workspace = () => {
    throw new BangerError('GuestFailed', 'the disk of the guest is full');
  };
  const removed = await fixture.run(['vm', 'run', '--rm', repository, '--', 'true']);
  assert.equal(removed.status, 125);
  assert.match(removed.stderr, /banger: the disk of the guest is full; .*\n$/);
  assert.equal(fixture.daemon.vms.size, 0);
  const kept = await fixture.run(['vm', 'run', repository, '--', 'true']);
  assert.equal(kept.status, 125);
  assert.match(kept.stderr, /made-up is kept: `banger vm show made-up`/);
  assert.equal(fixture.daemon.vms.size, 1);
});

test('a guest that did not boot is kept even with --rm, and the message says where to look', async () => {
  fixture.daemon.scripts.create = (_, vm) => {
    if (vm) vm.state = 'failed';
    throw new BangerError('GuestFailed', 'the guest did not boot in time');
  };
  const { status, stderr } = await fixture.run(['vm', 'run', '--rm', '--', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /made-up is kept: `banger vm show made-up`/);
  assert.match(stderr, /banger: the guest did not boot in time; .*\n/);
  assert.deepEqual(members(), ['CreateVM']);
});

test('a VM that is gone after its job failed is not spoken of', async () => {
  fixture.daemon.scripts.create = (_, vm) => {
    if (vm) fixture.daemon.removeVm(vm);
    throw new BangerError('DiskFull', 'the disk is full', { remedy: 'free some space' });
  };
  const { status, stderr } = await fixture.run(['vm', 'run', '--', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /banger: the disk is full; free some space\n$/);
  assert.doesNotMatch(stderr, /kept/);
});

test('ssh that cannot get in is a failure of banger: 125 and its reason', async () => {
  const env = { FAKE_SSH: 'refused' };
  const { status, stderr } = await fixture.start(['vm', 'run', '--', 'true'], { env });
  assert.equal(status, 125);
  assert.match(
    stderr,
    /banger: the VM did not let ssh in: ssh: connect to host .* Connection refused; .*\n$/,
  );
  assert.match(stderr, /made-up still runs/);
});

test('with --rm too, a guest that ssh cannot get into is kept, and the message says where to look', async () => {
  const { status, stderr } = await fixture.start(['vm', 'run', '--rm', '--', 'true'], {
    env: { FAKE_SSH: 'refused' },
  });
  assert.equal(status, 125);
  assert.match(
    stderr,
    /banger: made-up is kept: `banger vm logs made-up` shows its console, `banger vm delete --force made-up` removes it\nbanger: the VM did not let ssh in: .*\n$/,
  );
  assert.deepEqual(fixture.daemon.calls.slice(1), [['Keep', 'made-up', {}]]);
});

test('a connection that breaks is 125, not a status of the command; --rm still deletes', async () => {
  const { status, stderr } = await fixture.start(['vm', 'run', '--rm', '--', 'true'], {
    env: { FAKE_SSH: 'broken' },
  });
  assert.equal(status, 125);
  assert.match(
    stderr,
    /banger: the connection to the VM broke: Timeout, server 127\.0\.0\.1 not responding; .*\n/,
  );
  assert.deepEqual(members(), ['CreateVM', 'Delete']);
});

test('Ctrl-C during a command without a terminal ends ssh, then --rm deletes', async () => {
  let sent = false;
  const { status } = await fixture.start(['vm', 'run', '--rm', '--', 'sleep', '60'], {
    env: { FAKE_SSH: 'wait' },
    onOutput: (all, child) => {
      if (sent || !all.includes('waiting')) return;
      sent = true;
      child.kill('SIGINT');
    },
  });
  assert.equal(status, 130);
  assert.deepEqual(members(), ['CreateVM', 'Delete']);
});

test('Ctrl-C while the workspace is prepared deletes the VM as well', async () => {
  fixture.daemon.scripts.workspace = async ({ signal, stage }) => {
    stage('copy');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw new BangerError('Cancelled', 'cancelled on request');
  };
  let sent = false;
  const { status } = await fixture.start(['vm', 'run', repository, '--', 'true'], {
    onOutput: (all, child) => {
      if (sent || !all.includes('stage copy')) return;
      sent = true;
      child.kill('SIGINT');
    },
  });
  assert.equal(status, 130);
  assert.deepEqual(members(), ['CreateVM', 'PrepareWorkspace', 'Cancel', 'Delete']);
});

test('what is worse on this machine is said once', async () => {
  fixture.daemon.scripts.create = (_, vm) => {
    if (vm) fixture.daemon.changeVm(vm, { accelerator: 'tcg', network: 'user-unconfined' });
  };
  const { stderr } = await fixture.start(['vm', 'run', '--rm', '--', 'true']);
  assert.match(stderr, /^note: made-up: without hardware virtualisation/m);
  assert.match(stderr, /^note: made-up: the network of this VM is not confined/m);
});

test('--detach: the name, a reminder, the bootstrap, and no session', async () => {
  const { status, stdout, stderr } = await fixture.run([
    'vm',
    'run',
    '--detach',
    '--name',
    'web',
    repository,
  ]);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, 'web\n');
  assert.match(stderr, /banger: web still runs: .*`banger vm ssh web`/);
  assert.deepEqual(fixture.daemon.calls, [
    ['CreateVM', 'web', {}],
    ['PrepareWorkspace', 'web', repository, { guest_path: '/root/repo', bootstrap: true }],
  ]);
  assert.deepEqual(fixture.sshArgs(), []);
});

test('a VMM that fails under a command: 125 and what it died of', async () => {
  const lastError = 'the VMM was killed by SIGSEGV while the VM ran; `banger vm logs web` shows why';
  fixture.daemon.scripts.create = (_, vm) => {
    setTimeout(() => vm && Object.assign(vm, { state: 'failed', lastError }), 1_000);
  };
  const { status, stderr } = await fixture.start(['vm', 'run', '--name', 'web', '--', 'make'], {
    env: { FAKE_SSH: 'broken' },
  });
  assert.equal(status, 125);
  assert.ok(stderr.endsWith(`banger: ${lastError}\n`), stderr);
});

test('a guest that is powered off under a command: 125 and what happened, no broken connection', async () => {
  fixture.daemon.scripts.create = (_, vm) => {
    setTimeout(() => vm && Object.assign(vm, { state: 'stopped' }), 1_000);
  };
  const { status, stderr } = await fixture.start(['vm', 'run', '--name', 'web', '--', 'poweroff'], {
    env: { FAKE_SSH: 'broken' },
  });
  assert.equal(status, 125);
  assert.match(stderr, /banger: web is stopped: `banger vm start web` boots it/);
  assert.match(
    stderr,
    /banger: the guest powered off before the command had ended; start it with `banger vm start`\n$/,
  );
  assert.doesNotMatch(stderr, /still runs/);
});
