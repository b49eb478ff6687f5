/** VMs that end by themselves: a guest that powers off, a VMM that dies, and what is told of either. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processesIn } from '../support/guest-leftovers.ts';
import { runProgram, until } from '../support/program.ts';
import { openTinyHome, powerOff } from '../support/tiny/home.ts';

const home = await openTinyHome();

/** The pid of the VMM: the program that carries the VM's disk. */
function vmmOf(id: string): number {
  const { systemDisk } = home.files(id);
  const [vmm, ...others] = processesIn(home.directories).filter(({ commandLine }) =>
    commandLine.includes(systemDisk),
  );
  assert.ok(vmm && others.length === 0);
  return vmm.pid;
}

test('a VM whose VMM crashes is failed, and reports the cause, the log and a remedy', async () => {
  await home.create('frail', '--memory', '512M');
  const { id } = await home.show('frail');
  const session = home.start(['vm', 'exec', 'frail', '--', 'sh', '-c', 'echo in; sleep 600']);
  await session.says('in\n');
  process.kill(vmmOf(id), 'SIGSEGV');
  const { status, stderr } = await session.ended;
  assert.equal(status, 125, stderr);
  const failure = /the VMM was killed by SIGSEGV while the VM ran.*; `banger vm logs frail` shows .*vmm\.log/;
  assert.match(stderr, failure);
  const shown = await home.show('frail');
  assert.equal(shown.state, 'failed');
  assert.match(String(shown.last_error), failure);
  assert.match(String(shown.last_error), /`banger vm start frail` boots it again$/);
  assert.equal((await home.list())[0]?.state, 'failed');
  assert.match(await home.banger('vm', 'list'), /^frail\s+failed/m);
  assert.match(home.log(), /frail has failed: the VMM was killed by SIGSEGV/);
});

test('a VM that has failed starts again, whole, and has not failed any more', async () => {
  await home.banger('vm', 'start', 'frail');
  assert.equal(await home.guest('frail', 'hostname'), 'frail\n');
  const { state, last_error: error } = await home.show('frail');
  assert.deepEqual([state, error], ['running', '']);
});

test('a guest that reboots boots again, in the same VM, and what it cuts off is told', async () => {
  const boot = () => home.guest('frail', 'cat', '/proc/sys/kernel/random/boot_id');
  const before = await boot();
  await home.script('frail', 'echo kept >/root/kept; sync');
  const session = home.start([
    'vm',
    'exec',
    'frail',
    '--',
    'sh',
    '-c',
    'echo in; sleep 1; reboot -f; sleep 60',
  ]);
  const { status, stderr } = await session.ended;
  assert.equal(status, 125, stderr);
  assert.match(
    stderr,
    /^banger: the guest rebooted before the command had ended; enter it with `banger vm ssh frail` when it has booted$/m,
  );
  await until('it runs again', async () => (await home.show('frail')).state === 'running', 60_000);
  assert.notEqual(await boot(), before);
  assert.equal(await home.guest('frail', 'cat', '/root/kept'), 'kept\n');
  assert.match(home.log(), /frail boots again: its guest rebooted/);
});

test('a guest whose kernel panics has failed, and whoever waits is told', async () => {
  const session = home.start([
    'vm',
    'exec',
    'frail',
    '--',
    'sh',
    '-c',
    'echo c >/proc/sysrq-trigger; sleep 60',
  ]);
  const { status, stderr } = await session.ended;
  assert.equal(status, 125, stderr);
  const failure =
    /the guest's kernel panicked while the VM ran: Kernel panic - not syncing: sysrq triggered crash; `banger vm logs frail` shows the console, `banger vm start frail` boots it again$/m;
  assert.match(stderr, failure);
  const { state, last_error: error } = await home.show('frail');
  assert.equal(state, 'failed');
  assert.match(String(error), failure);
  assert.match(home.log(), /frail has failed: the guest's kernel panicked/);
  await home.banger('vm', 'start', 'frail');
});

test('a guest that powers off has stopped, and so has a VM that was killed', async () => {
  await home.run(['vm', 'exec', 'frail', '--', 'sh', '-c', powerOff]);
  await until('it is stopped', async () => (await home.show('frail')).state === 'stopped', 60_000);
  const { id, last_error: error } = await home.show('frail');
  assert.equal(error, '');
  for (const disk of [home.files(id).systemDisk, home.files(id).workDisk]) {
    const checked = await runProgram('/usr/sbin/e2fsck', ['-fn', disk]);
    assert.equal(checked.status, 0, checked.stdout.toString());
  }
  await home.banger('vm', 'start', 'frail');
  await home.banger('vm', 'kill', 'frail');
  const killed = await home.show('frail');
  assert.deepEqual([killed.state, killed.last_error], ['stopped', '']);
});

test('a VMM that is killed while its guest boots: the start fails by that', async () => {
  const starting = home.start(['vm', 'start', 'frail']);
  await starting.says('stage boot');
  process.kill(vmmOf((await home.show('frail')).id), 'SIGKILL');
  const { status, stderr } = await starting.ended;
  assert.equal(status, 1);
  assert.match(stderr, /banger: the VMM was killed by SIGKILL before the guest was ready/);
  const { state, last_error: error } = await home.show('frail');
  assert.equal(state, 'failed');
  assert.match(String(error), /the VMM was killed by SIGKILL before the guest was ready/);
});

test('nothing is left', async () => {
  await home.close();
});
