/** A bus that dies and returns, and a runtime directory that is full, with VMs there: none of them minds. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startBus } from '../bus/bus-daemon.ts';
import { processesIn } from '../support/guest-leftovers.ts';
import { inNamespace } from '../support/namespace.ts';
import { Running, runProgram, until } from '../support/program.ts';
import { openTinyHome } from '../support/tiny/home.ts';
import { openSession } from './support/session.ts';

const home = await openTinyHome();
const small = ['--memory', '512M', '--vcpu', '1'];
const bootIdOf = (vm: string) => home.script(vm, 'cat /proc/sys/kernel/random/boot_id');

/** The pid of the dbus-daemon that banger started. */
function privateBus(): number {
  const file = join(home.paths.runtime, 'bus/process.json');
  return JSON.parse(readFileSync(file, 'utf8')).pid;
}

async function hasEnded(pid: number): Promise<void> {
  await until(`${pid} has ended`, () => !existsSync(`/proc/${pid}`), 60_000);
}

/** The VMMs that run, by what they have in their command lines. */
function vmms(): number[] {
  return processesIn(home.directories)
    .filter(({ commandLine }) => commandLine.includes('system.ext4'))
    .map(({ pid }) => pid);
}

test('the private bus dies: the daemon goes, the VM and who is in it stay, and the next daemon has it', async () => {
  await home.create('steady', ...small);
  const boot = await bootIdOf('steady');
  const session = await openSession(home, 'steady');
  const running = vmms();
  for (const _ of ['first', 'second']) {
    const { pid, bus_address: address } = await home.daemon();
    process.kill(privateBus(), 'SIGKILL');
    await hasEnded(pid);
    assert.deepEqual(vmms(), running);
    assert.equal((await home.show('steady')).state, 'running');
    const next = await home.daemon();
    assert.notEqual(next.pid, pid);
    // It is the same place again, with another bus in it.
    assert.equal(next.bus_address.split(',')[0], address.split(',')[0]);
    assert.equal(await bootIdOf('steady'), boot);
  }
  await session.goesOn();
  assert.match(home.log(), /ending: the bus went away/);
  // What it adopted it also hears of.
  const [vmm = 0] = vmms();
  process.kill(vmm, 'SIGKILL');
  await until('its end is noticed', async () => (await home.show('steady')).state !== 'running');
  await home.banger('vm', 'start', 'steady');
});

test('the bus dies while a VM is being made and another is being stopped', async () => {
  // A tiny guest stops too soon to be caught at it.
  const [steady = 0] = vmms();
  process.kill(steady, 'SIGSTOP');
  const stopping = home.start(['vm', 'stop', 'steady']);
  await until('it is stopping', async () => (await home.show('steady')).state === 'stopping');
  const { pid } = await home.daemon();
  const creating = home.start(['vm', 'create', '--name', 'cut', ...small]);
  await creating.says('stage boot');
  process.kill(privateBus(), 'SIGKILL');
  for (const { status, stderr } of await Promise.all([creating.ended, stopping.ended])) {
    assert.equal(status, 1);
    assert.match(stderr, /^banger: .*(the daemon|the bus|bangerd).*; /m);
  }
  // The daemon finishes the stop first.
  process.kill(steady, 'SIGCONT');
  await hasEnded(pid);
  // One is as if it had never been, the other is finished.
  await until('it is stopped', async () => (await home.show('steady')).state === 'stopped', 60_000);
  assert.deepEqual(await home.names(), ['steady']);
  assert.deepEqual(vmms(), []);
});

test('a session bus dies and none returns: the next command has the VM on a bus of its own', async (t) => {
  await home.banger('daemon', 'stop');
  const bus = await startBus();
  t.after(() => bus[Symbol.asyncDispose]());
  home.env.DBUS_SESSION_BUS_ADDRESS = bus.address;
  t.after(() => delete home.env.DBUS_SESSION_BUS_ADDRESS);
  await home.banger('vm', 'start', 'steady');
  const boot = await bootIdOf('steady');
  const { pid, bus_address: address } = await home.daemon();
  assert.ok(address.startsWith(bus.address), address);
  await bus.kill();
  await hasEnded(pid);
  assert.equal(await bootIdOf('steady'), boot);
  assert.notEqual((await home.daemon()).bus_address.split(',')[0], bus.address);
  await home.banger('vm', 'stop', 'steady');
});

/** Runs a body whose commands, and the daemon they start, have a runtime directory with room for that many files. */
async function withSmallRuntime(
  files: number,
  body: (there: (script: string) => Promise<void>) => Promise<void>,
) {
  const [, runtime] = home.directories;
  const [file = '', ...args] = inNamespace(`mount -t tmpfs -o size=1m,nr_inodes=${files},mode=700 none "$0"`);
  const stay = ['sh', '-c', 'echo "$$"; exec cat'];
  const holder = new Running(file, [...args, runtime, ...stay], { timeoutMs: 600_000 });
  await holder.says('\n');
  const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
  home.prefix = ['nsenter', '--target', holder.stdout().trim(), ...user, '--mount', '--'];
  try {
    await body(async (script) => {
      const [enter = '', ...rest] = home.prefix;
      const { status, stderr } = await runProgram(enter, [...rest, 'sh', '-euc', script, runtime]);
      assert.equal(status, 0, stderr);
    });
  } finally {
    await home.run(['daemon', 'stop']);
    home.prefix = [];
    holder.child.kill('SIGKILL');
    await holder.ended;
  }
}

test('a runtime directory that becomes full: VMs are refused in one line, and lost is nothing', async () => {
  await home.create('roomy', '--no-start', ...small);
  await home.banger('daemon', 'stop');
  await until('the bus has gone', () => processesIn(home.directories).length === 0);
  const full = /^banger: .*(full|No space left).*; .*\n$/m;
  await withSmallRuntime(40, async (there) => {
    assert.ok((await home.names()).includes('roomy'));
    await there('i=0; while touch "$0/fill$i"; do i=$((i + 1)); done 2>/dev/null');
    const refused = await home.run(['vm', 'start', 'roomy']);
    assert.equal(refused.status, 1, refused.stderr);
    assert.match(refused.stderr, full);
    assert.equal((await home.show('roomy')).state, 'failed');
    const unmade = await home.run(['vm', 'create', '--name', 'more', ...small]);
    assert.equal(unmade.status, 1, unmade.stderr);
    assert.match(unmade.stderr, full);
    assert.deepEqual(vmms(), []);

    await there('rm "$0"/fill*');
    if ((await home.names()).includes('more')) await home.banger('vm', 'delete', '--yes', 'more');
    await home.banger('vm', 'start', 'roomy');
    assert.equal(await home.guest('roomy', 'hostname'), 'roomy\n');
    await home.banger('vm', 'delete', '--force', '--yes', 'roomy');
  });
});

test('nothing is left', async () => {
  await home.close();
});
