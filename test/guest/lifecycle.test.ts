/** Restart, kill and set on a real guest, and eight VMs in one command each with one of them failing. */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { startProcedure } from '../../src/vm/start/start.ts';
import { runProgram, until } from '../support/program.ts';
import { openTinyHome } from '../support/tiny/home.ts';

const home = await openTinyHome();
const GiB = 1024 ** 3;
const small = ['--vcpu', '1', '--memory', '512M'];
const bootIdOf = (vm: string) => home.script(vm, 'cat /proc/sys/kernel/random/boot_id');
const stateOf = async (vm: string) => (await home.show(vm)).state;

/** The sizes that a guest sees of its file systems, in MiB. */
async function sizesIn(vm: string): Promise<{ work: number; system: number }> {
  const told = await home.script(vm, 'df -P -m /root /run/initramfs/banger/system | tail -n +2');
  const [work = 0, system = 0] = told.split('\n').map((line) => Number(line.split(/\s+/)[1]));
  return { work, system };
}

async function assertClean(vm: string): Promise<void> {
  const { systemDisk, workDisk } = home.files((await home.show(vm)).id);
  for (const disk of [systemDisk, workDisk]) {
    const checked = await runProgram('/usr/sbin/e2fsck', ['-fn', disk]);
    assert.equal(checked.status, 0, checked.stdout.toString());
  }
}

/** What a command said of each of its VMs on stdout, and its complaints. */
async function onAll(...args: string[]): Promise<{ status: number; done: string[]; complaints: string[] }> {
  const { status, stdout, stderr } = await home.run(args, { timeoutMs: 400_000 });
  const done = stdout.toString().trimEnd().split('\n').sort();
  const complaints = stderr.split('\n').filter((line) => line.startsWith('banger: '));
  return { status, done, complaints };
}

test('a restart keeps /root and is another boot; its stages are remembered', async () => {
  await home.create('daily', ...small, '--disk-size', '1G');
  await home.script('daily', 'echo mine >/root/data');
  const boot = await bootIdOf('daily');
  assert.equal(await home.banger('vm', 'restart', 'daily'), 'daily restarted\n');
  assert.notEqual(await bootIdOf('daily'), boot);
  assert.equal(await home.script('daily', 'cat /root/data'), 'mine');
  const { starts } = JSON.parse(await home.banger('vm', 'show', 'daily', '--json'));
  assert.equal(starts.length, 2);
  assert.equal(starts[0].result, 'done');
  const stages = new Map<string, number>(
    starts[0].stages.map(({ stage, seconds }: { stage: string; seconds: number }) => [stage, seconds]),
  );
  const steps = startProcedure.steps.map(({ name }) => name);
  assert.deepEqual([...stages.keys()].slice(-3), steps.slice(-3));
  const boots = stages.get('boot') ?? 0;
  assert.ok(boots > 0.1 && boots <= starts[0].seconds, JSON.stringify(starts[0]));
  assert.match(
    await home.banger('vm', 'show', 'daily'),
    /^Last start: done after .*\n(.*\n)* +\d.*booting the guest$/m,
  );
});

test('Ctrl-C while a restart boots leaves a stopped VM, and the start is remembered as cancelled', async () => {
  const restarting = home.start(['vm', 'restart', 'daily']);
  await restarting.says('stage boot');
  restarting.child.kill('SIGINT');
  const { status, stderr } = await restarting.ended;
  assert.equal(status, 130, stderr);
  const { state, starts, last_error: error } = await home.show('daily');
  assert.deepEqual([state, error], ['stopped', '']);
  assert.equal((starts as { result: string }[])[0]?.result, 'cancelled');
});

test('restart boots a stopped VM; a boot that hangs can be killed', async () => {
  const restarting = home.start(['vm', 'restart', 'daily']);
  await restarting.says('stage boot');
  assert.equal(await home.banger('vm', 'kill', 'daily'), 'daily killed\n');
  assert.notEqual((await restarting.ended).status, 0);
  assert.equal(await stateOf('daily'), 'stopped');
  assert.equal(await home.banger('vm', 'restart', 'daily'), 'daily restarted\n');
  assert.equal(await home.script('daily', 'cat /root/data'), 'mine');
});

test('KILL is a power cut that a start comes back from', async () => {
  await home.script('daily', 'echo synced >/root/synced; sync');
  assert.equal(await home.banger('vm', 'kill', 'daily'), 'daily killed\n');
  assert.equal(await stateOf('daily'), 'stopped');
  assert.equal(await home.banger('vm', 'start', 'daily'), 'daily started\n');
  assert.equal(await home.script('daily', 'cat /root/synced'), 'synced');
});

test('a guest reset loses no synced data, and the boot that follows repairs the disks', async () => {
  const boot = await bootIdOf('daily');
  await home.script('daily', 'echo synced >/root/synced; echo synced >/etc/synced; sync');
  // sysrq-b is the guest's power button held down: no unmounting, no syncing.
  const cut = await home.run([
    'vm',
    'exec',
    'daily',
    '--',
    'sh',
    '-c',
    'sleep 1; echo b >/proc/sysrq-trigger',
  ]);
  assert.notEqual(cut.status, 0);
  assert.match(cut.stderr, /the guest rebooted before the command had ended/);
  await until('it runs again', async () => (await stateOf('daily')) === 'running', 60_000);
  assert.notEqual(await bootIdOf('daily'), boot);
  assert.equal(await home.script('daily', 'cat /root/synced /etc/synced'), 'synced\nsynced');
});

test('STOP freezes a guest until CONT', async () => {
  const boot = await bootIdOf('daily');
  const counting = home.start([
    'vm',
    'exec',
    'daily',
    '--',
    'sh',
    '-c',
    'while :; do echo tick; sleep 0.2; done',
  ]);
  await counting.says('tick\n');
  assert.equal(await home.banger('vm', 'kill', '--signal', 'STOP', 'daily'), 'daily was sent STOP\n');
  // What was on its way arrives.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const said = counting.stdout().length;
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  assert.equal(counting.stdout().length, said);
  assert.equal(await stateOf('daily'), 'frozen');
  assert.match(await home.banger('vm', 'list'), /^daily\s+frozen/m);
  for (const use of [
    ['exec', 'daily', '--', 'true'],
    ['ssh', 'daily', '--', 'true'],
    ['cp', 'daily:/etc/hostname', '.'],
    ['ports', 'daily'],
  ]) {
    const { status, stderr } = await home.run(['vm', ...use]);
    assert.notEqual(status, 0);
    assert.match(stderr, /daily is frozen: .*; continue it with `banger vm kill --signal CONT daily`$/m);
  }
  const stats = await home.run(['vm', 'stats', '--once', 'daily']);
  assert.match(stats.stderr, /daily is frozen, and its guest tells nothing; /);
  assert.equal(await home.banger('vm', 'kill', '--signal', 'SIGCONT', 'daily'), 'daily was sent CONT\n');
  assert.equal(await stateOf('daily'), 'running');
  await until('it goes on', () => counting.stdout().length > said);
  counting.child.kill('SIGTERM');
  await counting.ended;
  assert.equal(await bootIdOf('daily'), boot);
});

/** What is in the files that were there while the disk grew. */
const intact =
  'sha256sum -c /root/sum; cmp /root/before /root/during; dmesg | grep -c "EXT4-fs error" || true';
let grown = { work: 0, system: 0 };

test('a disk grows in a guest that runs, while it is written', async () => {
  assert.ok((await sizesIn('daily')).work < 1024);
  const boot = await bootIdOf('daily');
  await home.script(
    'daily',
    'dd if=/dev/urandom of=/root/before bs=1M count=32 status=none; sha256sum /root/before >/root/sum',
  );
  const writing = home.start([
    ...['vm', 'exec', 'daily', '--', 'sh', '-euc'],
    'echo begun; for i in 1 2 3 4 5; do dd if=/root/before of=/root/during conv=fsync bs=1M status=none; done',
  ]);
  await writing.says('begun');
  assert.equal(await home.banger('vm', 'set', 'daily', '--disk-size', '10G'), 'daily set\n');
  assert.equal((await writing.ended).status, 0);
  grown = await sizesIn('daily');
  assert.ok(grown.work > 9_500 && grown.system > 9_500, JSON.stringify(grown));
  assert.equal((await home.show('daily')).disk_size, 10 * GiB);
  assert.equal(await bootIdOf('daily'), boot);
  assert.equal(await home.script('daily', intact), '/root/before: OK\n0');
});

test('CPUs and memory of a VM that runs are refused with the remedy, and of a stopped one set', async () => {
  for (const option of [
    ['--vcpu', '2'],
    ['--memory', '768M'],
  ]) {
    const { status, stderr } = await home.run(['vm', 'set', 'daily', ...option]);
    assert.equal(status, 1);
    assert.match(stderr, /banger: daily runs, and .* run `banger vm stop daily` first\n$/);
  }
  const shrink = await home.run(['vm', 'set', 'daily', '--disk-size', '9G']);
  assert.match(shrink.stderr, /banger: the disk of daily is 10G and only grows/);
  await home.banger('vm', 'stop', 'daily');
  await assertClean('daily');
  assert.equal(await home.banger('vm', 'set', 'daily', '--vcpu', '2', '--memory', '768M'), 'daily set\n');
  await home.banger('vm', 'start', 'daily');
  assert.equal(await home.script('daily', 'nproc; cat /root/data'), '2\nmine');
  const memory = Number(await home.script('daily', "awk '/MemTotal/ { print $2 }' /proc/meminfo"));
  assert.ok(memory > 640 * 1024 && memory < 768 * 1024, String(memory));
});

test('a disk that grew in a guest that ran is as large after a start, and whole', async () => {
  assert.deepEqual(await sizesIn('daily'), grown);
  assert.equal(await home.script('daily', intact), '/root/before: OK\n0');
});

test('a guest that cannot grow keeps its size until the next start, which grows it', async () => {
  const before = await sizesIn('daily');
  // The kernel grows no file system that is read-only.
  await home.script('daily', 'mount -o remount,ro /run/initramfs/banger/work');
  const { status, stderr } = await home.run(['vm', 'set', 'daily', '--disk-size', '12G']);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /have grown, but not yet their file systems: .*the work disk: Read-only file system; `banger vm restart daily` grows them\n$/,
  );
  assert.deepEqual((await sizesIn('daily')).work, before.work);
  assert.equal((await home.show('daily')).disk_size, 12 * GiB);
  await home.banger('vm', 'restart', 'daily');
  assert.ok((await sizesIn('daily')).work > 11_500);
  await home.banger('vm', 'delete', '--force', '--yes', 'daily');
});

test('eight VMs in one command each: one fails, the others succeed, and the report says which and why', async () => {
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
  for (const name of names) await home.create(name, '--no-start', ...small);
  const bad = home.files((await home.show('five')).id);
  renameSync(bad.workDisk, `${bad.workDisk}.away`);
  const others = names.filter((name) => name !== 'five');
  const all = (done: string, of = others) => of.map((name) => `${name} ${done}`).sort();

  const started = await onAll('vm', 'start', ...names);
  assert.deepEqual([started.status, started.done], [1, all('started')]);
  assert.equal(started.complaints.length, 1, started.complaints.join('\n'));
  assert.match(started.complaints[0] ?? '', /^banger: five: .*work\.ext4 cannot be used/);
  assert.equal(await stateOf('five'), 'failed');

  // By name, by id and by a prefix of it, some of them twice.
  const listed = await home.list();
  const references = listed.flatMap(({ name, id }, index) => [name, ...(index % 2 ? [id] : [])]);
  const sized = await onAll('vm', 'set', '--disk-size', '9G', ...references);
  assert.deepEqual([sized.status, sized.done], [1, all('set')]);
  assert.equal(sized.complaints.length, 1, sized.complaints.join('\n'));
  assert.match(sized.complaints[0] ?? '', /^banger: \S+: .*work\.ext4 cannot be used/);
  for (const { name } of listed) {
    assert.equal((await home.show(name)).disk_size, (name === 'five' ? 8 : 9) * GiB, name);
  }
  assert.ok((await sizesIn('eight')).work > 8_900);

  const stopped = await onAll('vm', 'stop', ...names, 'nine');
  assert.deepEqual([stopped.status, stopped.done], [1, all('stopped', names)]);
  assert.match(stopped.complaints.join('\n'), /^banger: nine: no VM "nine"; .*$/);
  await assertClean('one');

  // The disk of a stopped VM grows on the host.
  await home.banger('vm', 'set', 'two', '--disk-size', '10G');
  await assertClean('two');
  await home.banger('vm', 'start', 'two');
  assert.ok((await sizesIn('two')).work > 9_500);
  const unforced = await onAll('vm', 'delete', '--yes', ...names);
  assert.deepEqual(
    [unforced.status, unforced.done],
    [
      1,
      all(
        'deleted',
        names.filter((name) => name !== 'two'),
      ),
    ],
  );
  assert.match(
    unforced.complaints.join('\n'),
    /^banger: two: two is running; stop it first, or delete it with --force$/,
  );
  assert.deepEqual(await home.names(), ['two']);
  assert.equal(await home.banger('vm', 'delete', '--force', '--yes', 'two'), 'two deleted\n');
});

test('nothing is left', async () => {
  await home.close();
});
