import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { isLive, readStat } from '../../src/common/proc.ts';
import { checkout } from '../support/guest-home.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;
/** Of the VM `web`, which all of these tests enter. */
let id: string;

before(async () => {
  fixture = await startFixture();
  await fixture.renew();
  id = await fixture.daemon.addVm('web');
});
after(() => fixture[Symbol.asyncDispose]());

test('ssh that is not installed', async () => {
  const { status, stderr } = await fixture.run(['vm', 'exec', 'web', '--', 'ls'], {
    env: { PATH: '/nonexistent' },
  });
  assert.equal(status, 125);
  assert.equal(stderr, 'banger: ssh is not installed; install the package openssh-client\n');
});

test('exec: exact arguments, a directory, and the status', async () => {
  const plain = await fixture.start(['vm', 'exec', 'web', '--', 'printf', '%s.', 'a  b', '$x']);
  assert.deepEqual([plain.status, plain.stdout, plain.stderr], [0, 'a  b.$x.', '']);
  const elsewhere = await fixture.start(['vm', 'exec', 'web', '--cwd', fixture.directory, '--', 'pwd']);
  assert.equal(elsewhere.stdout, `${fixture.directory}\n`);
});

test('exec: variables, and the time after which all that was started ends', async () => {
  const make = ['-s', '-f', 'guest/run/run.mk', 'build/guest/run'];
  await run({ file: 'make', args: make, cwd: checkout, timeoutMs: 120_000 });
  const FAKE_RUN = join(checkout, 'build/guest/run');
  const variables = ['-e', 'A=x  $y=1', '--env', 'OWN', '-e', 'UNSET_HERE', '-e', 'IFS=a b'];
  const told = 'printf "%s." "$A" "$OWN" "$UNSET_HERE" "$PWD"';
  const set = await fixture.start(
    ['vm', 'exec', 'web', '--cwd', '/usr', ...variables, '--', 'sh', '-c', told],
    {
      env: { OWN: 'mine', FAKE_RUN },
    },
  );
  assert.deepEqual([set.status, set.stdout, set.stderr], [0, 'x  $y=1.mine../usr.', '']);
  assert.doesNotMatch(fixture.sshArgs().join(' '), /mine|\$y=1|QT14/);
  const inTime = await fixture.start(['vm', 'exec', 'web', '--timeout', '60s', '--', 'sh', '-c', 'exit 6']);
  assert.deepEqual([inTime.status, inTime.stderr], [6, '']);
  const script = 'setsid sleep 300 & echo $! $$; sleep 300';
  const late = await fixture.start(['vm', 'exec', 'web', '--timeout', '500ms', '--', 'sh', '-c', script]);
  assert.equal(late.status, 124);
  for (const pid of late.stdout.trim().split(' ')) assert.equal(isLive(readStat(Number(pid))), false, pid);
});

test('exec: -n leaves standard input to who reads it next', async () => {
  const exec = (...args: string[]) => fixture.start(['vm', 'exec', 'web', ...args], { input: 'for another' });
  assert.deepEqual((await exec('--', 'cat')).stdout, 'for another');
  const { status, stdout, stderr } = await exec('-n', '--', 'cat');
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});

test('ssh: words are joined and read by a shell, as ssh does', async () => {
  const { status, stdout } = await fixture.start(['vm', 'ssh', 'web', '--', 'x=1;', 'echo', '$x  y; exit 5']);
  assert.deepEqual([status, stdout], [5, '1 y\n']);
  const killed = await fixture.start(['vm', 'ssh', 'web', '--', 'kill -TERM $$']);
  assert.equal(killed.status, 143);
});

test('a VM that does not run says how to start it', async () => {
  await fixture.daemon.addVm('off', { start: false });
  const { status, stderr } = await fixture.run(['vm', 'ssh', 'off']);
  assert.equal(status, 125);
  assert.equal(stderr, 'banger: off is stopped, not running; start it with `banger vm start off`\n');
});

test('sessions share a connection: the first opens it, the next goes through it', async () => {
  const { control_path: socket } = await fixture.daemon.vm(id).call('SSH');
  const command = ['vm', 'exec', 'web', '--', 'sh', '-c', 'echo ran; exit 9'];
  const before = fixture.sshArgs().length;
  const first = await fixture.start(command);
  assert.deepEqual([first.status, first.stdout, first.stderr], [9, 'ran\n', '']);
  const opening = fixture.sshArgs().slice(before);
  assert.ok(opening.includes('ControlMaster=auto'));
  assert.ok(opening.includes(`ControlPath="${socket}"`));
  const server = createServer((client) => client.end()).listen(String(socket));
  await once(server, 'listening');
  try {
    const second = await fixture.start(command);
    assert.deepEqual([second.status, second.stdout, second.stderr], [9, 'ran\n', '']);
    const used = fixture.sshArgs().slice(before + opening.length);
    assert.ok(!used.includes('ControlMaster=auto'), 'it was opened again');
    assert.ok(used.includes(`ControlPath="${socket}"`));
  } finally {
    server.close();
  }
});

test('a shared connection that is refused says why', async () => {
  const { status, stderr } = await fixture.run(['vm', 'exec', 'web', '--', 'true'], {
    env: { FAKE_SSH: 'refused' },
  });
  assert.equal(status, 125);
  assert.equal(
    stderr,
    'banger: the VM did not let ssh in: ssh: connect to host 127.0.0.1 port 2222: Connection refused; stop and start the VM if it does not come back\n',
  );
});
