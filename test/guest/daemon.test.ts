/**
 * The daemon and the CLI are killed at every point that has a name, and at some that have none: what was
 * cut short is finished or undone, what runs goes on, and nothing is orphaned.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { createProcedure } from '../../src/vm/create.ts';
import { deleteProcedure } from '../../src/vm/delete.ts';
import { readSuperblock } from '../../src/vm/ext4.ts';
import { setProcedure } from '../../src/vm/set.ts';
import { startProcedure } from '../../src/vm/start.ts';
import { stopProcedure } from '../../src/vm/stop.ts';
import { startBus } from '../bus/bus-daemon.ts';
import { openGuestHome } from '../support/guest-home.ts';
import { processesIn } from '../support/guest-leftovers.ts';
import { runProgram, until } from '../support/program.ts';

const home = await openGuestHome();
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

/** Whether the daemon has a job, which keeps it from ending when it is asked to. */
async function isBusy(): Promise<boolean> {
  const { status, stderr } = await home.run(['daemon', 'stop']);
  assert.ok(status === 0 || /is under way/.test(stderr), stderr);
  return status !== 0;
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
  const session = home.start([
    'vm',
    'exec',
    'steady',
    '--',
    'sh',
    '-c',
    'echo in; read -r word; echo "heard $word"',
  ]);
  await session.says('in\n');
  const { pid } = await home.daemon();
  await killDaemon();
  assert.equal((await home.show('steady')).state, 'running');
  assert.notEqual((await home.daemon()).pid, pid);
  assert.equal(await bootIdOf('steady'), boot);
  session.child.stdin?.end('well\n');
  assert.equal((await session.ended).stdout.toString(), 'in\nheard well\n');
  // The new daemon also hears of its end, which it is not the parent of.
  await home.run(['vm', 'exec', 'steady', '--', 'systemctl', 'poweroff']);
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

/** A point at which a daemon kills itself, and what it is told to do on the way there. */
interface Crash {
  point: string;
  command: string[];
}

const stepsOf = (procedure: { name: string; steps: readonly { name: string }[] }) =>
  procedure.steps.map(({ name }) => `${procedure.name}.${name}`);

/** Before every step, and after the last one. After the others is before the next, as far as can be seen. */
function pointsOf(procedure: Parameters<typeof stepsOf>[0]): string[] {
  const steps = stepsOf(procedure);
  return [...steps.map((step) => `${step}:before`), `${steps.at(-1)}:after`];
}

/** Has a daemon of its own die at a point of a command, of which the CLI must tell. */
async function crash({ point, command }: Crash): Promise<void> {
  await home.banger('daemon', 'stop');
  const { status, stderr } = await home.run(command, { env: { ...home.env, BANGER_DIE_AT: point } });
  assert.equal(status, 1, `${point} was not reached: ${stderr}`);
  assert.match(stderr, /the daemon ended|daemon/i, point);
  assert.equal((await home.daemon()).running, false, `the daemon survived ${point}`);
}

test('a daemon killed at any step is followed by one that finishes or undoes it', async (t) => {
  // A bus that starts nothing by itself: the CLI starts the daemon, with the CLI's own environment.
  await home.banger('daemon', 'stop');
  await using bus = await startBus();
  home.env.DBUS_SESSION_BUS_ADDRESS = bus.address;
  t.after(() => delete home.env.DBUS_SESSION_BUS_ADDRESS);
  const boot = await bootIdOf('steady');

  /** What of a VM nobody may touch. */
  const touched = (id: string) =>
    [home.files(id).systemDisk, home.files(id).workDisk].map((path) => {
      const { ino, mtimeMs, size } = statSync(path);
      return { ino, mtimeMs, size };
    });
  await home.create('bystander', '--no-start');
  const bystander = await home.show('bystander');
  const disks = touched(bystander.id);
  const others = ['bystander', 'steady'];

  for (const point of pointsOf(createProcedure)) {
    await t.test(point, async () => {
      await crash({ point, command: ['vm', 'create', '--name', 'victim', '--no-start'] });
      await until('it is undone', async () => String(await home.names()) === String(others));
      assert.equal(readdirSync(home.files('').state).length, others.length);
    });
  }

  await home.create('victim', '--no-start');
  const victim = await home.show('victim');
  for (const point of pointsOf(startProcedure)) {
    await t.test(point, async () => {
      await crash({ point, command: ['vm', 'start', 'victim'] });
      const { state } = await home.show('victim');
      assert.equal(state, 'failed');
      assert.deepEqual(vmmsOf(victim.id), []);
      assert.equal(existsSync(home.files(victim.id).runtime), false);
    });
  }
  await t.test('a VM whose starts were cut short still starts', async () => {
    await home.banger('vm', 'start', 'victim');
    await home.systemIsRunning('victim');
    await home.banger('vm', 'stop', 'victim');
  });

  let gib = 8;
  for (const name of ['victim', 'steady']) {
    for (const point of pointsOf(setProcedure)) {
      await t.test(`${point}, while ${name} is ${(await home.show(name)).state}`, async () => {
        const before = await home.show(name);
        const command = ['vm', 'set', name, '--disk-size', `${++gib}G`];
        await crash({ point, command });
        // Before it is recorded nothing has begun, and it is for the user to say it again.
        if (point === 'set.record:before') {
          assert.deepEqual(await home.show(name), before);
          await home.banger(...command);
        }
        const { state, disk_size: size } = await home.show(name);
        assert.deepEqual([state, size], [before.state, gib * 1024 ** 3]);
        const { systemDisk, workDisk } = home.files(before.id);
        await until('both file systems have grown', async () => {
          if (state === 'stopped') {
            const found = await Promise.all([systemDisk, workDisk].map(readSuperblock));
            return found.every((superblock) => superblock?.bytes === size);
          }
          const told = await home.script(name, 'df --output=size -BG / /root | tail -n +2');
          return told.split('\n').every((line) => Number.parseInt(line, 10) === gib);
        });
        await until('it is at an end', async () => !(await isBusy()));
        if (state !== 'stopped') return;
        for (const disk of [systemDisk, workDisk]) {
          const checked = await runProgram('/usr/sbin/e2fsck', ['-fn', disk]);
          assert.equal(checked.status, 0, checked.stdout.toString());
        }
      });
    }
  }

  for (const point of pointsOf(deleteProcedure)) {
    await t.test(point, async () => {
      if (!(await home.names()).includes('victim')) await home.create('victim', '--no-start');
      const { id } = await home.show('victim');
      await crash({ point, command: ['vm', 'delete', '--force', '--yes', 'victim'] });
      await isGone('victim', id);
    });
  }

  await t.test('the other VMs are as they were', async () => {
    assert.deepEqual(await home.names(), others);
    assert.deepEqual(touched(bystander.id), disks);
    assert.equal(await bootIdOf('steady'), boot);
  });

  for (const point of pointsOf(stopProcedure)) {
    await t.test(point, async () => {
      if ((await home.show('steady')).state !== 'running') await home.banger('vm', 'start', 'steady');
      const { id } = await home.show('steady');
      await crash({ point, command: ['vm', 'stop', 'steady'] });
      await until('it is stopped', async () => (await home.show('steady')).state === 'stopped', 60_000);
      assert.deepEqual(vmmsOf(id), []);
    });
  }

  await t.test('a forced delete of a running VM that was cut short is finished', async () => {
    await home.banger('vm', 'start', 'steady');
    const { id } = await home.show('steady');
    assert.equal(vmmsOf(id).length, 1);
    await crash({ point: 'delete.force:before', command: ['vm', 'delete', '--force', '--yes', 'steady'] });
    assert.equal(vmmsOf(id).length, 1, 'the VMM did not outlive the daemon');
    await isGone('steady', id);
  });

  await home.banger('vm', 'delete', '--yes', 'bystander');
  await home.banger('daemon', 'stop');
});

test('nothing is left', async () => {
  await home.close();
});
