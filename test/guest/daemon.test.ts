/**
 * The daemon and the CLI are killed at points that have no name, with real sessions: what was cut short is finished or
 * undone, what runs goes on, and nothing is orphaned. test/crash has the points with names.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { processesIn } from '../support/guest-leftovers.ts';
import { until } from '../support/program.ts';
import { openTinyHome, powerOff } from '../support/tiny/home.ts';
import { openSession } from './support/session.ts';

const home = await openTinyHome();
const bootIdOf = (vm: string) => home.script(vm, 'cat /proc/sys/kernel/random/boot_id');

/** The VMMs that run, by the id of their VM: the programs that carry its disk's path. */
function vmmsOf(id: string): number[] {
  const { systemDisk } = home.files(id);
  return processesIn(home.directories)
    .filter(({ commandLine }) => commandLine.includes(systemDisk))
    .map(({ pid }) => pid);
}

async function killDaemon(): Promise<void> {
  const { pid } = await home.daemon();
  process.kill(pid, 'SIGKILL');
  await until('the daemon is dead', () => !existsSync(`/proc/${pid}`));
}

/** Waits until a VM is gone with all its files and processes, as the daemon alone brings about. */
async function isGone(name: string, id: string): Promise<void> {
  await until(`${name} is gone`, async () => !(await home.names()).includes(name));
  const { state, runtime } = home.files(id);
  assert.deepEqual([existsSync(state), existsSync(runtime), vmmsOf(id)], [false, false, []]);
}

test('ten CLIs at once, with no bus and no daemon, get ten answers from one daemon on one bus', async () => {
  await until('no bus is left of before', () => processesIn(home.directories).length === 0);
  const all = Array.from({ length: 10 }, () => home.run(['vm', 'list', '--json']));
  for (const { status, stdout, stderr } of await Promise.all(all)) {
    assert.deepEqual([status, stdout.toString()], [0, '[]\n'], stderr);
  }
  const programs = processesIn(home.directories).map(({ commandLine }) => commandLine);
  assert.equal(programs.filter((line) => line.startsWith('dbus-daemon ')).length, 1, programs.join('\n'));
  assert.equal(
    programs.filter((line) => /\/daemon(\/main\.ts|\.cjs)$/.test(line)).length,
    1,
    programs.join('\n'),
  );
  assert.equal(programs.length, 2, programs.join('\n'));
});

test('a daemon that is killed leaves its VM running, and the next one adopts it', async () => {
  await home.create('steady');
  const boot = await bootIdOf('steady');
  const session = await openSession(home, 'steady');
  const { pid } = await home.daemon();
  await killDaemon();
  assert.equal((await home.show('steady')).state, 'running');
  assert.notEqual((await home.daemon()).pid, pid);
  assert.equal(await bootIdOf('steady'), boot);
  await session.goesOn();
  // The new daemon also hears of its end, which it is not the parent of.
  await home.run(['vm', 'exec', 'steady', '--', 'sh', '-c', powerOff]);
  await until('its end is noticed', async () => (await home.show('steady')).state === 'stopped', 60_000);
  await home.banger('vm', 'start', 'steady');
});

test('a VM that is still booting when the daemon is killed is stopped, not orphaned', async () => {
  const creating = home.start(['vm', 'create', '--name', 'cut']);
  await creating.says('stage boot');
  await killDaemon();
  assert.equal((await creating.ended).status, 1);
  const { id, state, last_error: reason } = await home.show('cut');
  assert.equal(state, 'failed');
  assert.match(String(reason), /bangerd ended while it was starting/);
  assert.deepEqual(vmmsOf(id), []);
  await home.banger('vm', 'delete', '--yes', 'cut');
  await isGone('cut', id);
});

test('a VM of vm run --rm is gone when its daemon and so its client end in the middle', async () => {
  const running = home.start(['vm', 'run', '--rm', '--name', 'brief', '--', 'true']);
  await running.says('stage boot');
  const { id } = await home.show('brief');
  await killDaemon();
  assert.equal((await running.ended).status, 125);
  await isGone('brief', id);
});

test('a client of vm run --rm that is killed while the VM boots takes the VM with it', async () => {
  const running = home.start(['vm', 'run', '--rm', '--name', 'brief', '--', 'true']);
  await running.says('stage boot');
  const { id } = await home.show('brief');
  assert.equal(vmmsOf(id).length, 1);
  running.child.kill('SIGKILL');
  await until('the VM is gone by itself', () => !existsSync(home.files(id).state), 15_000);
  await isGone('brief', id);
});

test('a client of vm run --rm that is killed while the command runs takes the VM with it', async () => {
  const running = home.start([
    'vm',
    'run',
    '--rm',
    '--name',
    'brief',
    '--',
    'sh',
    '-c',
    'echo up; sleep 600',
  ]);
  await running.says('up\n');
  const { id } = await home.show('brief');
  running.child.kill('SIGKILL');
  await until('the VM is gone by itself', () => !existsSync(home.files(id).state), 15_000);
  await isGone('brief', id);
});

test('Ctrl-C while a VM is being made cancels it and leaves nothing', async () => {
  for (const stage of ['disks', 'boot']) {
    const creating = home.start(['vm', 'create', '--name', 'unwanted']);
    await creating.says(`stage ${stage}`);
    creating.child.kill('SIGINT');
    const { status, stdout, stderr } = await creating.ended;
    assert.deepEqual([status, stdout.toString()], [130, ''], stderr);
    assert.deepEqual(await home.names(), ['steady']);
    const { state, runtime } = home.files('');
    assert.deepEqual([readdirSync(state).length, readdirSync(runtime).length], [1, 1]);
  }
});

test('nothing is left', async () => {
  await home.close();
});
