/** `vm exec` over a shared connection: what it passes on, how it ends, and what happens when the connection does not live. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { processesIn } from '../support/guest-leftovers.ts';
import { until } from '../support/program.ts';
import { Tmux } from '../support/tmux.ts';
import { home, requireVm, testNothingLeft, vm } from './support/one-guest.ts';

let socket = '';

const exec = (...args: string[]) => home.run(['vm', 'exec', vm, ...args]);
const masters = () =>
  processesIn(home.directories).filter(({ commandLine }) => commandLine.includes('[mux]'));

test('the first session leaves a connection that the others use, and holds nothing of ours open', async () => {
  await requireVm();
  const { id } = await home.show(vm);
  socket = join(home.paths.runtime, 'vms', id, 'ssh.sock');
  assert.equal(existsSync(socket), false);
  const first = await exec('--', 'echo', 'in');
  assert.deepEqual([first.status, first.stdout.toString(), first.stderr], [0, 'in\n', '']);
  const [master] = masters();
  assert.equal(masters().length, 1);
  await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const { status, stdout, stderr } = await exec('--', 'sh', '-c', `echo ${index}; exit ${index}`);
      assert.deepEqual([status, stdout.toString(), stderr], [index, `${index}\n`, '']);
    }),
  );
  assert.deepEqual(masters(), [master]);
});

test('what stands in ~/.bashrc is not in the way of our own commands, and is of those of ssh', async () => {
  const former = (await exec('--', 'cat', '/root/.bashrc')).stdout.toString();
  const write = (text: string) => home.script(vm, `printf '%s\\n' '${text}' >/root/.bashrc`);
  await write('echo WELCOME; exit 3');
  try {
    const { status, stdout, stderr } = await exec('--', 'printf', 'abc');
    assert.deepEqual([status, stdout.toString(), stderr], [0, 'abc', '']);
    const copied = await home.run(['vm', 'cp', `${vm}:/etc/hostname`, join(home.directories[0], 'hostname')]);
    assert.deepEqual([copied.status, copied.stderr], [0, '']);
    const shell = await home.run(['vm', 'ssh', vm, '--', 'echo', 'not', 'reached']);
    assert.deepEqual([shell.status, shell.stdout.toString()], [3, 'WELCOME\n']);
  } finally {
    await home.run(['vm', 'exec', vm, '--', 'sh', '-c', 'cat >/root/.bashrc'], { input: former });
  }
});

test('statuses are those of the command: signals, 255, a login shell that is killed', async () => {
  for (const [script, status] of [
    ['exit 255', 255],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -KILL $PPID', 255],
  ] as const) {
    const ended = await exec('--', 'sh', '-c', script);
    assert.deepEqual([ended.status, ended.stderr], [status, ''], script);
  }
});

test('variables and a directory', async () => {
  const told = 'echo "$A|$EMPTY"; pwd';
  const { stdout } = await exec('-e', 'A=x  y=$z', '--env=EMPTY=', '--cwd', '/usr', '--', 'sh', '-c', told);
  assert.equal(stdout.toString(), 'x  y=$z|\n/usr\n');
  const nowhere = await exec('--cwd', '/nowhere', '--', 'true');
  assert.equal(nowhere.status, 125);
});

const anyBytes = `${String.fromCharCode(...Array.from({ length: 127 }, (_, index) => index + 1))}é 日本 💥\n`;
/** Prints a variable of its environment as base64, which no terminal changes. */
const tellValue = ['sh', '-c', 'printf %s "$VALUE" | base64 -w 0'];

for (const [how, ...options] of [
  ['over the shared connection'],
  ['with a time limit', '--timeout', '120s'],
  ['with a terminal, over a connection of its own', '--tty'],
] as const) {
  test(`a value of any bytes arrives ${how}`, async () => {
    const { status, stdout } = await exec(...options, '-e', `VALUE=${anyBytes}`, '--', ...tellValue);
    assert.deepEqual([status, Buffer.from(stdout.toString(), 'base64').toString()], [0, anyBytes]);
  });
}

test('a variable of one’s own is passed on by its name, and one that is not set is left out', async () => {
  const env = { ...home.env, VALUE: anyBytes };
  const args = ['vm', 'exec', vm, '-e', 'VALUE', '-e', 'NOT_SET_HERE', '--'];
  const passed = await home.run([...args, ...tellValue], { env });
  assert.equal(Buffer.from(passed.stdout.toString(), 'base64').toString(), anyBytes);
  const names = await home.run([...args, 'sh', '-c', 'env | grep -c -e NOT_SET_HERE -e ^BANGER_ENV'], {
    env,
  });
  assert.equal(names.stdout.toString(), '0\n');
});

test('a value of almost 128 KiB arrives, also with a command as long', async () => {
  const value = 'x'.repeat(128 * 1024 - 1 - 'VALUE='.length);
  const env = { ...home.env, VALUE: value };
  for (const argument of ['short', 'y'.repeat(120 * 1024)]) {
    const command = ['sh', '-c', 'printf %s "$VALUE$1" | wc -c', 'sh', argument];
    const { stdout, stderr } = await home.run(['vm', 'exec', vm, '-e', 'VALUE', '--', ...command], { env });
    assert.equal(stdout.toString(), `${value.length + argument.length}\n`, stderr);
  }
});

test('variables of the dynamic loader reach only the command, never the sshd of the guest', async () => {
  const { status, stdout, stderr } = await exec('-e', 'LD_PRELOAD=/no/such.so', '--', 'sh', '-c', 'echo in');
  assert.deepEqual([status, stdout.toString()], [0, 'in\n']);
  assert.equal(stderr.match(/such\.so/g)?.length, 1, stderr);
});

test('a guest whose sshd accepts no variables does not run the command without them', async () => {
  const configuration = '/etc/ssh/banger/environment.conf';
  const reload = 'kill -HUP $(cat /run/sshd.pid); sleep 2';
  await home.script(vm, `sed -i.kept '/^AcceptEnv/d' ${configuration}; ${reload}`);
  for (const { pid } of masters()) process.kill(pid, 'SIGKILL');
  const { status, stdout, stderr } = await exec('-e', 'A=b', '--', 'echo', 'ran');
  assert.deepEqual([status, stdout.toString()], [125, '']);
  assert.match(stderr, /^the sshd of this guest accepts no variables: restart the VM/);
  await home.script(vm, `mv ${configuration}.kept ${configuration}; ${reload}`);
  for (const { pid } of masters()) process.kill(pid, 'SIGKILL');
  assert.equal((await exec('-e', 'A=b', '--', 'true')).status, 0);
});

test('a time limit kills the command and its children, also after the connection broke', async () => {
  const script = (seconds: number) =>
    `setsid sleep ${seconds}1 & (trap "" TERM; sleep ${seconds}2) & echo started; sleep ${seconds}3`;
  const alive = (seconds: number) => home.script(vm, `pgrep -f "sleep [3]${seconds - 300}" | wc -l`);
  const command = ['sh', '-c', script(310)];
  const broken = home.start(['vm', 'exec', vm, '--timeout', '25s', '--', ...command], { input: '' });
  await broken.says('started');
  for (const { pid } of masters()) process.kill(pid, 'SIGKILL');
  assert.equal((await broken.ended).status, 125);
  assert.match((await broken.ended).stderr, /the connection to the VM broke/);
  assert.notEqual(await alive(310), '0', 'it was ended before its time');
  const late = await exec('--timeout', '6s', '--', 'sh', '-c', script(320));
  assert.deepEqual([late.status, late.stdout.toString()], [124, 'started\n']);
  assert.equal(await alive(320), '0');
  await until('it is ended in the guest', async () => (await alive(310)) === '0', 60_000);
  const inTime = await exec('--timeout', '300s', '--', 'sh', '-c', 'exit 5');
  assert.equal(inTime.status, 5);
  assert.equal(await home.script(vm, 'pgrep -f "sleep [3]00" | wc -l'), '0', 'the watcher was left');
});

test('exec works despite a socket without a listener or an ssh master that does not answer', async () => {
  for (const { pid } of masters()) process.kill(pid, 'SIGKILL');
  await until('the master is gone', () => masters().length === 0);
  assert.ok(existsSync(socket), 'a killed master leaves its socket');
  assert.equal((await exec('--', 'true')).status, 0);
  const [master] = masters();
  assert.ok(master);
  process.kill(master.pid, 'SIGSTOP');
  try {
    const { status, stderr } = await exec('--', 'sh', '-c', 'exit 3');
    assert.deepEqual([status, stderr], [3, '']);
  } finally {
    process.kill(master.pid, 'SIGCONT');
  }
});

test('a terminal: asked for, refused, its size and a change of it', async () => {
  assert.equal((await exec('--', 'sh', '-c', 'test -t 0')).status, 1);
  // A new terminal ends lines with both, as `ssh -tt` shows it where there is none here to be like.
  const asked = await exec('--tty', '--', 'sh', '-c', 'test -t 0 && test -t 1; echo $?');
  assert.equal(asked.stdout.toString(), '0\r\n');
  const env = { ...home.env, PATH: `${join(checkout, 'bin')}:${process.env.PATH}` };
  await using terminal = await Tmux.open({ env, cwd: home.directories[0], columns: 97, rows: 31 });
  const sized = await terminal.run(`banger vm exec ${vm} -- stty size`);
  assert.match(sized.shown, /^31 97$/m);
  const refused = await terminal.run(`banger vm exec ${vm} -T -- sh -c 'test -t 0 || echo no terminal'`);
  assert.match(refused.shown, /^no terminal$/m);
  const waiting = 'trap "stty size; exit" WINCH; stty size; for i in $(seq 60); do sleep 1; done; exit 1';
  await terminal.clear();
  const prompts = await terminal.promptCount();
  await terminal.enter(`banger vm exec ${vm} -- sh -c '${waiting}'`);
  await terminal.shows(/^31 97$/m);
  await terminal.resize(103, 41);
  const resized = await terminal.prompted(prompts);
  assert.equal(resized.status, 0, resized.shown);
  assert.match(await terminal.screen(), /^31 97\n41 103$/m);
  // Nor does ssh say anything of its own.
  assert.doesNotMatch(resized.shown, /connection/i);
});

test('the connection goes with the run of the VM, and the next run has its own', async () => {
  assert.equal(masters().length, 1);
  await home.banger('vm', 'stop', vm);
  await until('the master has ended', () => masters().length === 0);
  assert.equal(existsSync(socket), false);
  await home.banger('vm', 'start', vm);
  assert.equal((await exec('--', 'true')).status, 0);
  assert.equal(masters().length, 1);
});

testNothingLeft();
