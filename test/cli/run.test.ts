import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import type { ShellOptions } from '../../src/guest/shell.ts';
import type { FakeMachine } from '../support/in-process/machines.ts';
import { until } from '../support/program.ts';
import { type Fixture, startFixture } from './fixture.ts';

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

/** Puts a program in front of the one that this host has. The daemon in this process finds it, too. */
function fakeProgram(t: TestContext, name: string, script: string): void {
  const file = join(fixture.directory, 'bin', name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  t.after(() => rmSync(file));
}

test('run -- command: its output, its status, and a reminder', async () => {
  const command = ['sh', '-c', 'echo out; exit 42'];
  const { status, stdout, stderr } = await fixture.start(['vm', 'run', '--name', 'web', '--', ...command]);
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
    const { status, stderr } = await fixture.run(['vm', 'run', '--rm', '--', 'sh', '-c', command]);
    assert.equal(status, expected);
    assert.deepEqual(fixture.daemon.calls.splice(0), [
      ['CreateVM', '', { ephemeral: true }],
      ['Delete', { force: true }],
    ]);
    assert.doesNotMatch(stderr, /banger:/);
    assert.deepEqual(await fixture.daemon.vmNames(), []);
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
  const args = ['vm', 'run', '--rm', join(repository, 'sub'), '--branch', 'work', '--', 'pwd'];
  const { stdout } = await fixture.start(args, { env: { FAKE_REPOSITORY: repository } });
  assert.equal(stdout, `${repository}\n`);
  const options = { branch: 'work', guest_path: '/root/repo', bootstrap: false };
  assert.deepEqual(fixture.daemon.calls[1], ['PrepareWorkspace', join(repository, 'sub'), options]);
  assert.match(fixture.sshArgs().at(-1) ?? '', /\/root\/repo/);
});

test('with a path and no command the bootstrap starts, and a shell in the repository', async () => {
  await fixture.start(['vm', 'run', '--rm', '.'], { cwd: repository });
  const options = { guest_path: '/root/repo', bootstrap: true };
  assert.deepEqual(fixture.daemon.calls[1], ['PrepareWorkspace', repository, options]);
  assert.match(fixture.sshArgs().at(-1) ?? '', /exec "\$SHELL" -l' '\/root\/repo'|'\/root\/repo' .*-l/);
});

describe('what is known of a checkout is said before a VM is made', () => {
  let checkout: string;
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], { cwd: checkout });
  before(() => {
    checkout = join(repository, '../checkout');
    execFileSync('git', ['init', '-q', '--initial-branch=master', checkout]);
    git('commit', '-q', '--allow-empty', '-m', 'one');
    git('branch', 'other/taken');
  });
  const refusals: [args: string[], said: RegExp, status: number][] = [
    [['--branch', 'master'], /there is a branch master already; choose a name for a new one/, 125],
    [['--branch', 'other/taken', '--from', 'HEAD'], /there is a branch other\/taken already/, 125],
    [['--branch', 'a..b'], /a\.\.b is not a valid name for a branch; /, 2],
  ];
  for (const [args, said, expected] of refusals) {
    test(args.join(' '), async () => {
      const { status, stderr } = await fixture.run(['vm', 'run', checkout, ...args, '--', 'true']);
      assert.equal(status, expected);
      assert.match(stderr, said);
      assert.deepEqual(fixture.daemon.calls, []);
    });
  }

  test('submodules', async () => {
    git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
    const { status, stderr } = await fixture.run(['vm', 'run', checkout, '--', 'true']);
    assert.equal(status, 125);
    assert.match(stderr, /the repository has submodules \("sub"\)/);
    assert.deepEqual(fixture.daemon.calls, []);
  });
});

test('a workspace that fails: with --rm nothing is left, else the VM is kept and named', async () => {
  const full = { status: 1, stderr: 'tar: f: Cannot write: No space left on device' };
  fixture.daemon.shells.onExecute = ([program]) => (program === 'sh' ? full : {});
  const removed = await fixture.run(['vm', 'run', '--rm', repository, '--', 'true']);
  assert.equal(removed.status, 125);
  assert.match(removed.stderr, /banger: the guest's disk is too small for the workspace; .*\n$/);
  assert.deepEqual(await fixture.daemon.vmNames(), []);
  const kept = await fixture.run(['vm', 'run', repository, '--', 'true']);
  assert.equal(kept.status, 125);
  const [name] = await fixture.daemon.vmNames();
  assert.ok(kept.stderr.includes(`banger: ${name} is kept: \`banger vm show ${name}\` shows its state`));
});

test('a guest that did not boot is kept even with --rm, and the message says where to look', async () => {
  fixture.daemon.machines.onBoot = (machine) => {
    machine.say('BANGER-FATAL no /dev/vda\n');
    machine.end(1);
  };
  const { status, stderr } = await fixture.run(['vm', 'run', '--rm', '--', 'true']);
  assert.equal(status, 125);
  const [name] = await fixture.daemon.vmNames();
  assert.ok(stderr.includes(`banger: ${name} is kept: \`banger vm show ${name}\` shows its state`), stderr);
  assert.match(stderr, /banger: the guest gave up: .*no \/dev\/vda; .*\n$/);
  assert.deepEqual(members(), ['CreateVM']);
});

test('a VM that is gone after its job failed is not spoken of', async (t) => {
  fakeProgram(t, 'mkfs.ext4', 'echo "No space left on device" >&2; exit 1');
  const { status, stderr } = await fixture.run(['vm', 'run', '--', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /\nbanger: .* is full.*; .*\n$/);
  assert.doesNotMatch(stderr, /kept/);
  assert.deepEqual(await fixture.daemon.vmNames(), []);
});

test('ssh that cannot get in is a failure of banger: 125 and its reason', async () => {
  const env = { FAKE_SSH: 'refused' };
  const { status, stderr } = await fixture.run(['vm', 'run', '--name', 'web', '--', 'true'], { env });
  assert.equal(status, 125);
  assert.match(
    stderr,
    /banger: the VM did not let ssh in: ssh: connect to host .* Connection refused; .*\n$/,
  );
  assert.match(stderr, /web still runs/);
});

test('with --rm too, a guest that ssh cannot get into is kept, and the message says where to look', async () => {
  const env = { FAKE_SSH: 'refused' };
  const { status, stderr } = await fixture.run(['vm', 'run', '--rm', '--name', 'web', '--', 'true'], { env });
  assert.equal(status, 125);
  assert.match(
    stderr,
    /banger: web is kept: `banger vm logs web` shows its console, `banger vm delete --force web` removes it\nbanger: the VM did not let ssh in: .*\n$/,
  );
  assert.deepEqual(fixture.daemon.calls.slice(1), [['Keep', {}]]);
  assert.deepEqual(await fixture.daemon.vmNames(), ['web']);
});

test('a connection that breaks is 125, not a status of the command; --rm still deletes', async () => {
  const env = { FAKE_SSH: 'broken' };
  const { status, stderr } = await fixture.run(['vm', 'run', '--rm', '--', 'true'], { env });
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
  const copying = Promise.withResolvers<void>();
  fixture.daemon.shells.onExecute = ([program], { input }: ShellOptions) => {
    if (program !== 'sh' || input === undefined) return {};
    copying.resolve();
    return new Promise(() => undefined);
  };
  const { status } = await fixture.start(['vm', 'run', repository, '--', 'true'], {
    onStart: (child) => void copying.promise.then(() => child.kill('SIGINT')),
  });
  assert.equal(status, 130);
  assert.deepEqual(members(), ['CreateVM', 'PrepareWorkspace', 'Cancel', 'Delete']);
  assert.equal(fixture.daemon.shells.commands.at(-1)?.argv[0], 'rm');
});

test('what is worse on this machine is said once', async (t) => {
  fixture.daemon.machines.accelerator = 'tcg';
  fakeProgram(t, 'slirp4netns', 'exit 1');
  const { stderr } = await fixture.run(['vm', 'run', '--rm', '--name', 'web', '--', 'true']);
  assert.equal(stderr.match(/^note: web: without hardware virtualisation/gm)?.length, 1, stderr);
  assert.equal(stderr.match(/^note: web: the network of this VM is not confined/gm)?.length, 1, stderr);
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
    ['PrepareWorkspace', repository, { guest_path: '/root/repo', bootstrap: true }],
  ]);
  assert.deepEqual(fixture.sshArgs(), []);
});

/** Runs a command in `web`, whose machine ends while the command runs, which breaks the connection. */
async function runInDyingVm(command: string, end: (machine: FakeMachine) => void) {
  const args = ['vm', 'run', '--name', 'web', '--', command];
  const ended = fixture.run(args, { env: { FAKE_SSH: 'broken' } });
  await until('the command runs', () => fixture.sshArgs().includes('-E'));
  end(await fixture.daemon.machineOf('web'));
  return await ended;
}

test('a VMM that fails under a command: 125 and what it died of', async () => {
  const { status, stderr } = await runInDyingVm('make', (machine) => machine.end(null, 'SIGSEGV'));
  assert.equal(status, 125);
  assert.match(
    stderr,
    /\nbanger: the VMM was killed by SIGSEGV while the VM ran.*; `banger vm logs web` shows .*\n$/,
  );
});

test('a guest that is powered off under a command: 125 and what happened, no broken connection', async () => {
  const { status, stderr } = await runInDyingVm('poweroff', (machine) => machine.end(0));
  assert.equal(status, 125);
  assert.match(stderr, /banger: web is stopped: `banger vm start web` boots it/);
  assert.match(
    stderr,
    /banger: the guest powered off before the command had ended; start it with `banger vm start`\n$/,
  );
  assert.doesNotMatch(stderr, /still runs/);
});
