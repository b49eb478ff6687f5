/** The operations that need no guest, on real processes in the place of VMMs. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import { isLive, readStat } from '../../src/common/proc.ts';
import { makeDisk } from '../../src/disk/make.ts';
import { type Job, type JobResult, Jobs } from '../../src/job/jobs.ts';
import { openStore } from '../../src/store/database.ts';
import type { Run, Vm } from '../../src/store/vm.ts';
import { ProcessSupervisor } from '../../src/supervise/process.ts';
import type { Host } from '../../src/vm/context.ts';
import { getVmState } from '../../src/vm/operation/state.ts';
import { VmOperations } from '../../src/vm/operations.ts';
import { formatProgramName } from '../../src/vm/program.ts';
import { reconcile } from '../../src/vm/reconcile.ts';
import { VmRegistry } from '../../src/vm/registry.ts';
import { until } from '../support/program.ts';
import { makeVm, someRun } from '../support/vm.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const directory = mkdtempSync(join(tmpdir(), 'banger-operations-'));
after(() => rmSync(directory, { recursive: true }));

const log = { error() {}, warn() {}, info() {}, debug() {} };
const unused = () => {
  throw new Error('nothing here boots');
};
const vms = new VmRegistry(openStore(join(directory, 'banger.db')), {
  state: directory,
  runtime: join(directory, 'run'),
});
const supervisor = new ProcessSupervisor();
const host = {
  log,
  vms,
  supervisor,
  shells: { close: () => undefined },
  agents: { of: unused, forget: () => undefined },
  vmms: {
    machine: () => ({ connectAgent: unused, resizeDrive: unused, askToEnd: async () => false }),
    choose: unused,
  },
} as unknown as Host;
const jobs = new Jobs(() => undefined);
const results = new Map<Job, JobResult>();
jobs.on('ended', (job, result) => results.set(job, result));
const operations = new VmOperations(host, jobs, unused);

async function ended(job: Job): Promise<JobResult> {
  for (;;) {
    const result = results.get(job);
    if (result) return result;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

let count = 0;
/** A VM whose VMM is a shell script; without one it is stopped. */
async function addVm(script?: string, given: Partial<Vm> = {}): Promise<Vm> {
  const id = `vm${++count}`;
  vms.add(makeVm({ id, name: `web${count}`, ...given }));
  mkdirSync(vms.getVmFiles(id).directory, { recursive: true });
  if (script !== undefined) {
    const program = { file: '/bin/sh', args: ['-c', script] };
    const supervised = await supervisor.start(formatProgramName(id), program, vms.getVmFiles(id).vmmLog);
    vms.record(id, { run: { program: supervised, startedAt: 1 } });
    operations.watch.begin(id);
  }
  return vms.get(id);
}

const pidOf = (vm: Vm): number => vm.run?.program?.pid ?? assert.fail('it does not run');
const forever = 'while :; do sleep 0.1; done';

test('a killed VM is stopped when the job has ended, with all that its VMM had started', async () => {
  for (const signal of ['KILL', 'SIGTERM', 'int', 'HUP', 'QUIT']) {
    const vm = await addVm(`sleep 1000 & ${forever}`);
    assert.deepEqual(await ended(operations.kill(vm.name, signal)), {
      result: 'done',
      code: '',
      message: '',
    });
    assert.equal(getVmState(vms.get(vm.id)), 'stopped', signal);
    assert.equal(isLive(readStat(pidOf(vm))), false, signal);
    assert.equal(await supervisor.find(formatProgramName(vm.id)), undefined, 'what it started is left');
  }
});

test('a VMM that ends by itself: what it died of is the last error, and a clean end is none', async () => {
  const ends: [script: string, state: string, lastError: RegExp][] = [
    ['exit 0', 'stopped', /^$/],
    [
      'echo first; echo cannot allocate memory; exit 3',
      'failed',
      /^the VMM exited with status 3 while the VM ran, and had said: first \/ cannot allocate memory; `banger vm logs web\d+` shows .*vmm\.log and the console, `banger vm start web\d+` boots it again$/,
    ],
    ['kill -SEGV $$', 'failed', /^the VMM was killed by SIGSEGV while the VM ran; `banger vm logs/],
    ['kill -KILL $$', 'failed', /^the VMM was killed by SIGKILL while the VM ran; /],
  ];
  for (const [script, state, lastError] of ends) {
    const vm = await addVm(script);
    await until('its end is noticed', () => !vms.get(vm.id).run);
    const found = vms.get(vm.id);
    assert.equal(getVmState(found), state, script);
    assert.match(found.lastError ?? '', lastError);
  }
});

test('a VM that was stopped by force or killed has not failed', async () => {
  const stopped = await addVm(forever);
  assert.equal((await ended(operations.stop(stopped.id, 1))).result, 'done');
  const killed = await addVm(forever);
  assert.equal((await ended(operations.kill(killed.id, 'KILL'))).result, 'done');
  for (const { id } of [stopped, killed]) {
    assert.deepEqual([getVmState(vms.get(id)), vms.get(id).lastError], ['stopped', undefined]);
  }
});

test('a VM that ended while no daemon ran: the next one asks its supervisor how', async (t) => {
  const gone: Run = { ...someRun, startedAt: 1 };
  t.mock.method(supervisor, 'isRunning', async () => false);
  const answers: [() => Promise<{ clean: boolean; how: string }>, string, RegExp][] = [
    [async () => ({ clean: true, how: 'exited with status 0' }), 'stopped', /^$/],
    [
      async () => ({ clean: false, how: 'was killed by SIGABRT' }),
      'failed',
      /^the VMM was killed by SIGABRT/,
    ],
    [() => Promise.reject(new Error('no bus')), 'stopped', /^$/],
  ];
  for (const [answer, state, lastError] of answers) {
    const asked = t.mock.method(supervisor, 'ended', answer);
    const vm = await addVm(undefined, { run: gone });
    await reconcile(host, operations);
    const found = vms.get(vm.id);
    assert.deepEqual([getVmState(found), found.run], [state, undefined]);
    assert.match(found.lastError ?? '', lastError);
    asked.mock.restore();
  }
});

test('STOP freezes a VM until CONT', async () => {
  const vm = await addVm(forever);
  await ended(operations.kill(vm.id, 'STOP'));
  await until('it stands still', () => readStat(pidOf(vm))?.state === 'T');
  assert.equal(getVmState(vms.get(vm.id)), 'frozen');
  const refused = {
    code: 'NotRunning',
    message: /is frozen: .*; continue it with `banger vm kill --signal CONT web\d+`$/,
  };
  for (const use of [
    () => vms.getRunning(vm.id),
    () => operations.start(vm.id),
    () => operations.set(vm.id, { diskBytes: 2 ** 40 }),
  ])
    assert.throws(use, refused);
  await ended(operations.kill(vm.id, 'CONT'));
  assert.equal(getVmState(vms.get(vm.id)), 'running');
  await until('it goes on', () => readStat(pidOf(vm))?.state !== 'T');
  await ended(operations.kill(vm.id, 'KILL'));
});

test('a VM that is frozen when a daemon starts is frozen for it', async () => {
  const vm = await addVm(forever);
  assert.ok(process.kill(pidOf(vm), 'SIGSTOP'));
  await until('it stands still', () => readStat(pidOf(vm))?.state === 'T');
  await reconcile(host, operations);
  assert.equal(getVmState(vms.get(vm.id)), 'frozen');
  await ended(operations.kill(vm.id, 'KILL'));
  assert.equal(vms.get(vm.id).run, undefined);
});

test('a VM that is frozen goes on when it is stopped', async () => {
  const vm = await addVm(`trap 'exit 0' USR1; echo ready; ${forever}`);
  await until('it listens', () => readFileSync(vms.getVmFiles(vm.id).vmmLog, 'utf8') === 'ready\n');
  await ended(operations.kill(vm.id, 'STOP'));
  await until('it stands still', () => readStat(pidOf(vm))?.state === 'T');
  const stopping = operations.stop(vm.id, 600_000);
  await until('it goes on', () => readStat(pidOf(vm))?.state !== 'T');
  process.kill(pidOf(vm), 'SIGUSR1');
  assert.equal((await ended(stopping)).result, 'done');
});

test('a VMM that ignores a signal is reported with a remedy, stays watched, and is ended by KILL', async () => {
  const vm = await addVm(forever);
  await ended(operations.kill(vm.id, 'STOP'));
  const deaf = operations.kill(vm.id, 'TERM');
  // It need not be waited for.
  const killed = operations.kill(vm.id, 'KILL');
  assert.equal((await ended(killed)).result, 'done');
  assert.equal((await ended(deaf)).result, 'done');
  const ignoring = await addVm(`trap '' TERM; echo deaf; ${forever}`);
  await until('it is deaf', () => readFileSync(vms.getVmFiles(ignoring.id).vmmLog, 'utf8') === 'deaf\n');
  const { code, message } = await ended(operations.kill(ignoring.id, 'TERM'));
  assert.equal(code, 'Timeout');
  assert.match(message, new RegExp(`did not end within 10 s of TERM; .*banger vm kill ${ignoring.name}`));
  assert.equal(getVmState(vms.get(ignoring.id)), 'running');
  process.kill(pidOf(ignoring), 'SIGKILL');
  await until('its end is noticed', () => !vms.get(ignoring.id).run);
});

test('a stop that waits for a guest without end is overtaken by kill, and by a forced delete', async () => {
  const vm = await addVm(forever);
  const stopping = operations.stop(vm.id, 600_000);
  await until('it is stopping', () => getVmState(vms.get(vm.id)) === 'stopping');
  assert.throws(() => operations.start(vm.id), { code: 'Busy', message: /banger vm kill/ });
  assert.equal((await ended(operations.kill(vm.id, 'KILL'))).result, 'done');
  assert.equal((await ended(stopping)).result, 'done');
  assert.equal(getVmState(vms.get(vm.id)), 'stopped');
  const doomed = await addVm(forever);
  const hanging = operations.stop(doomed.id, 600_000);
  await until('it is stopping', () => getVmState(vms.get(doomed.id)) === 'stopping');
  assert.equal((await ended(operations.delete(doomed.id, true))).result, 'done');
  assert.equal((await ended(hanging)).result, 'done');
  assert.equal(vms.has(doomed.id), false);
  assert.equal(existsSync(vms.getVmFiles(doomed.id).directory), false);
});

test('a restart that is cancelled while the guest powers off leaves a stopped VM', async () => {
  const vm = await addVm(`trap 'exit' USR1; echo ready; ${forever}`);
  await until('it listens', () => readFileSync(vms.getVmFiles(vm.id).vmmLog, 'utf8') === 'ready\n');
  const restarting = operations.restart(vm.id, 600_000);
  await until('it is stopping', () => getVmState(vms.get(vm.id)) === 'stopping');
  restarting.cancel();
  process.kill(pidOf(vm), 'SIGUSR1');
  assert.equal((await ended(restarting)).result, 'cancelled');
  assert.equal(getVmState(vms.get(vm.id)), 'stopped');
  assert.deepEqual(vms.startsOf(vm.id), []);
});

test('kill of what does not run, and signals that are none', async () => {
  const vm = await addVm();
  for (const signal of ['KILL', 'STOP']) {
    assert.throws(() => operations.kill(vm.id, signal), { code: 'NotRunning', message: /is stopped/ });
  }
  assert.throws(() => operations.kill(vm.id, 'USR1'), { code: 'InvalidArgs' });
  assert.throws(() => operations.kill('nobody', 'KILL'), { code: 'NoSuchVM' });
});

test('set of a stopped VM: its sizes are recorded and its disks grown', async () => {
  const vm = await addVm(undefined, { diskBytes: 64 * MiB });
  const { systemDisk, workDisk } = vms.getVmFiles(vm.id);
  await makeDisk(systemDisk, 8 * GiB, 's');
  await makeDisk(workDisk, 64 * MiB, 'w');
  const change = { vcpus: 3, memoryBytes: 512 * MiB, diskBytes: 9 * GiB - 1 };
  assert.deepEqual(await ended(operations.set(vm.id, change)), { result: 'done', code: '', message: '' });
  const { vcpus, memoryBytes, diskBytes, operation } = vms.get(vm.id);
  assert.deepEqual(
    { vcpus, memoryBytes, diskBytes, operation },
    { ...change, diskBytes: 9 * GiB, operation: undefined },
  );
  assert.deepEqual([statSync(systemDisk).size, statSync(workDisk).size], [9 * GiB, 9 * GiB]);
});

test('set refuses what cannot be, and says what to do', async () => {
  const vm = await addVm();
  const refused: [Parameters<typeof operations.set>[1], RegExp][] = [
    [{}, /nothing to set; give vcpus, memory, disk_size or nat/],
    [{ vcpus: 2, diskBytes: 2 ** 33 }, /already has these settings \(2 vcpu · 1024 MiB · 8G disk · NAT on\)/],
    [{ nat: true }, /already has these settings/],
    [{ diskBytes: 2 ** 32 }, /is 8G and only grows/],
    [{ vcpus: 0 }, /vcpus 0 is out of range/],
    [{ vcpus: 4, memoryBytes: 1 }, /memory .* is out of range/],
    [{ diskBytes: 2 ** 50 }, /disk size .* is out of range/],
  ];
  for (const [change, message] of refused) {
    assert.throws(() => operations.set(vm.id, change), { code: 'InvalidArgs', message });
  }
  const running = await addVm(forever);
  for (const change of [{ vcpus: 4 }, { memoryBytes: 2 ** 31, diskBytes: 2 ** 34 }]) {
    assert.throws(() => operations.set(running.id, change), { code: 'Busy', message: /banger vm stop web/ });
  }
  assert.equal(vms.get(running.id).vcpus, 2);
  await ended(operations.kill(running.id, 'KILL'));
});

test('a set that fails before a disk has grown leaves the VM as it was', async () => {
  const vm = await addVm();
  // There are no disks.
  const { result } = await ended(operations.set(vm.id, { memoryBytes: 2 ** 31, diskBytes: 2 ** 34 }));
  assert.equal(result, 'failed');
  assert.deepEqual(vms.get(vm.id), vm);
});

test('NAT is recorded of a stopped VM, and switched of one that runs, by what its network is', async () => {
  const switched: [string, boolean][] = [];
  let fails = false;
  host.bridge = {
    obstacle: async () => undefined,
    findDrops: async () => ({ bridge: 'bngr0', drops: [] }),
    attach: unused,
    live: ({ id }) => ({
      mode: 'bridge',
      close: async () => void switched.push([id, false]),
      setNat: async (on) => {
        if (fails) throw new BangerError('Timeout', 'netd is slow');
        switched.push([id, on]);
      },
    }),
  };
  const vm = await addVm();
  assert.equal((await ended(operations.set(vm.id, { nat: false }))).result, 'done');
  assert.deepEqual([vms.get(vm.id).nat, switched], [false, []]);

  const running = await addVm(forever);
  vms.record(running.id, { run: { network: 'bridge' }, ssh: { address: '172.30.0.2', port: 22 } });
  assert.equal((await ended(operations.set(running.id, { nat: false }))).result, 'done');
  assert.deepEqual(switched.splice(0), [[running.id, false]]);
  fails = true;
  assert.equal((await ended(operations.set(running.id, { nat: true }))).code, 'Timeout');
  assert.equal(vms.get(running.id).nat, false, 'what did not happen is not recorded');
  host.bridge = undefined;
  const gone = await ended(operations.set(running.id, { nat: true }));
  assert.match(gone.message, /banger-netd is gone; restart the VM/);
  await ended(operations.kill(running.id, 'KILL'));

  const alone = await addVm(undefined, { wantedNetwork: 'none', nat: false });
  assert.throws(() => operations.set(alone.id, { nat: true }), { code: 'InvalidArgs' });
});

test('a set that a daemon was killed in is finished by the next', async () => {
  const vm = await addVm(undefined, { diskBytes: 256 * MiB, operation: 'set' });
  const { systemDisk, workDisk } = vms.getVmFiles(vm.id);
  await makeDisk(systemDisk, 8 * GiB, 's');
  await makeDisk(workDisk, 64 * MiB, 'w');
  truncateSync(workDisk, 128 * MiB);
  assert.equal(getVmState(vm), 'stopped');
  const added: Job[] = [];
  jobs.on('added', (job) => added.push(job));
  await reconcile(host, operations);
  const job = added.find(({ object }) => object.id === vm.id);
  assert.ok(job);
  assert.equal((await ended(job)).result, 'done');
  assert.equal(statSync(workDisk).size, 256 * MiB);
  assert.equal(vms.get(vm.id).operation, undefined);
});

test('only the owner keeps an ephemeral VM', async () => {
  const vm = await addVm(undefined, { owner: 'bus/:1.5' });
  assert.throws(() => operations.keep(vm.id, 'bus/:1.6'), { code: 'AccessDenied' });
  assert.equal(vms.get(vm.id).owner, 'bus/:1.5');
  operations.keep(vm.id, 'bus/:1.5');
  assert.equal(vms.get(vm.id).owner, undefined);
  operations.keep(vm.id, 'bus/:1.6');
  operations.ownerVanished('bus/:1.5');
  assert.ok(vms.has(vm.id));
});
