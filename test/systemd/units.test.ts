import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from '../../src/bus/connection.ts';
import { identify } from '../../src/common/process.ts';
import { ProcessSupervisor } from '../../src/supervise/process.ts';
import { SystemdSupervisor } from '../../src/supervise/systemd.ts';
import type { UnitSpec } from '../../src/supervise/units.ts';
import { SystemdUnits } from '../../src/systemd/units.ts';
import { startBus } from '../bus/bus-daemon.ts';
import { until } from '../support/program.ts';
import { FakeManager } from './fake-manager.ts';

const unit = 'banger-vm-a1.service';
const never = new AbortController().signal;
const invocation = '00112233445566778899aabbccddeeff';
const run = { unit, invocationId: invocation, pid: 7 };
const spec: UnitSpec = {
  unit,
  program: { file: '/bin/vmm', args: ['$x'] },
  environment: { A: 'b' },
  logFile: '/log',
  description: 'banger VM web',
  stateDirectory: '/state',
  powerDown: { file: '/bin/true', args: [] },
  memoryBytes: 1,
  tasks: 1,
  cpuWeight: 100,
  files: { writable: [], readable: [], hidden: [] },
};
const running = { active: 'active', job: false, invocation, pid: 7 } as const;

/** A manager on a bus of its own, and banger's view of it. */
async function withManager(
  body: (manager: FakeManager, units: SystemdUnits, warnings: string[]) => Promise<void>,
): Promise<void> {
  await using testBus = await startBus();
  const manager = new FakeManager(testBus.address);
  await manager.appear();
  const bus = await Bus.connect(testBus.address, 5_000);
  const warnings: string[] = [];
  const log = { info() {}, error() {}, warn: (_: object, text: string) => void warnings.push(text) };
  const units = await SystemdUnits.on(bus, log);
  assert.ok(units);
  try {
    await body(manager, units, warnings);
  } finally {
    bus.close();
    manager.vanish();
  }
}

test('on a bus without a service manager there are no units', async () => {
  await using testBus = await startBus();
  const bus = await Bus.connect(testBus.address, 5_000);
  assert.equal(await SystemdUnits.on(bus, { info() {}, warn() {}, error() {} }), undefined);
  bus.close();
});

test('a start waits for its job, however dead the unit looks, and whatever signals come first', () =>
  withManager(async (manager, units) => {
    manager.onStart = () => {
      manager.tellChanged(unit);
      manager.tellUnitRemoved(unit);
      manager.tellJobRemoved(unit);
    };
    let started = false;
    const start = units.start(spec).then((told) => {
      started = true;
      return told;
    });
    await until('it was asked for', () => manager.started.length === 1);
    manager.set(unit, { active: 'activating', invocation });
    manager.tellChanged(unit);
    await sleep(100);
    assert.equal(started, false, 'it took a unit for started that has a job');
    manager.set(unit, running);
    manager.tellJobRemoved(unit);
    assert.deepEqual(await start, run);
  }));

test('a program that cannot be executed is an error at once, and its unit is given up', () =>
  withManager(async (manager, units) => {
    manager.onStart = () => {
      manager.set(unit, { ...running, active: 'failed', result: 'exit-code', code: 1, status: 203 });
      manager.tellJobRemoved(unit, 'failed');
    };
    await assert.rejects(units.start(spec), {
      code: 'HostNotReady',
      message: /^cannot start \/bin\/vmm: it is not there or cannot be executed; /,
    });
    assert.equal(manager.units.size, 0);
    assert.ok(manager.calls.includes(`UnrefUnit(${unit})`));
  }));

test('a host that cannot confine gets an unconfined unit and a warning', () =>
  withManager(async (manager, units, warnings) => {
    manager.onStart = () => {
      const fails = manager.started.length === 1;
      manager.set(unit, fails ? { ...running, active: 'failed', code: 1, status: 226 } : running);
      manager.tellJobRemoved(unit);
    };
    assert.deepEqual(await units.start(spec), run);
    const [confined, bare] = manager.started;
    assert.ok(confined?.includes('PrivateUsers') && confined.includes('MemoryMax'));
    assert.ok(!bare?.includes('PrivateUsers') && bare?.includes('MemoryMax'));
    assert.match(warnings.join(), /not confined: systemd failed at the step NAMESPACE/);
  }));

test('a unit that failed earlier and was never read makes room; one that runs does not', () =>
  withManager(async (manager, units) => {
    manager.set(unit, { ...running, active: 'failed' });
    manager.onStart = () => {
      manager.set(unit, running);
      manager.tellJobRemoved(unit);
    };
    assert.deepEqual(await units.start(spec), run);
    await assert.rejects(units.start(spec), { code: 'Busy' });
  }));

test('the end of a unit comes by a signal, reaches every caller, and is forgotten by the manager', () =>
  withManager(async (manager, units) => {
    manager.set(unit, running);
    const ends = [units.ended(run, never), units.ended(run, never)];
    await until('it is looked at', () => manager.calls.includes(`RefUnit(${unit})`));
    manager.set(unit, { active: 'deactivating' });
    manager.tellChanged(unit);
    manager.set(unit, { active: 'failed', result: 'signal', code: 2, status: 9 });
    manager.tellChanged(unit);
    for (const end of [...ends, units.ended(run, never)]) {
      assert.deepEqual(await end, { clean: false, how: 'was killed by SIGKILL' });
    }
    assert.equal(manager.units.size, 0);
    assert.equal(manager.calls.filter((call) => call.startsWith('RefUnit')).length, 1);
  }));

test('the end of a unit that is gone, or runs anew, is seen; how it ended is not known', () =>
  withManager(async (manager, units) => {
    assert.deepEqual(await units.ended(run, never), { clean: true, how: 'ended' });
    const newRun = { ...run, invocationId: 'ff'.repeat(16) };
    manager.set(unit, { ...running, invocation: newRun.invocationId });
    const earlier = { ...run, invocationId: 'ee'.repeat(16) };
    assert.deepEqual(await units.ended(earlier, never), { clean: true, how: 'ended' });
    assert.ok(manager.units.has(unit), 'the later run was given up');
    const waiting = units.ended(newRun, never);
    await until(
      'it is looked at',
      () => manager.calls.filter((call) => call.startsWith('RefUnit')).length === 3,
    );
    manager.units.delete(unit);
    manager.tellUnitRemoved(unit);
    assert.deepEqual(await waiting, { clean: true, how: 'ended' });
  }));

test('an end by the OOM killer and a stop that took too long are named', () =>
  withManager(async (manager, units) => {
    const failed = { ...running, active: 'failed', code: 2, status: 9 };
    for (const [result, how] of [
      ['oom-kill', /no memory left/],
      ['timeout', /did not end in time/],
    ] as const) {
      const invocationId = Buffer.from(result.padEnd(16)).toString('hex');
      manager.set(unit, { ...failed, invocation: invocationId, result });
      const end = await units.ended({ ...run, invocationId }, never);
      assert.equal(end.clean, false);
      assert.match(end.how, how);
    }
  }));

test('an end that comes while the manager executes itself anew is seen without a signal', () =>
  withManager(async (manager, units) => {
    manager.set(unit, running);
    const end = units.ended(run, never);
    await until('it is looked at', () => manager.calls.includes(`RefUnit(${unit})`));
    manager.vanish();
    await sleep(100);
    manager.set(unit, { active: 'failed', result: 'exit-code', code: 1, status: 3 });
    await manager.appear();
    assert.deepEqual(await end, { clean: false, how: 'exited with status 3' });
    assert.ok(
      manager.calls.filter((call) => call === 'Subscribe()').length >= 2,
      'it did not subscribe anew',
    );
  }));

test('after a reload units are looked at again', () =>
  withManager(async (manager, units) => {
    manager.set(unit, running);
    const end = units.ended(run, never);
    await until('it is looked at', () => manager.calls.includes(`RefUnit(${unit})`));
    manager.set(unit, { active: 'inactive', result: 'success', code: 1, status: 0 });
    manager.tellReloaded();
    assert.deepEqual(await end, { clean: true, how: 'exited with status 0' });
  }));

test('only running units of the same state directory are its own', () =>
  withManager(async (manager, units) => {
    const mine = { ...running, environment: ['A=b', 'BANGER_STATE_DIRECTORY=/state'] };
    manager.set('banger-vm-mine.service', mine);
    manager.set('banger-vm-ended.service', { ...mine, active: 'failed' });
    manager.set('banger-vm-other.service', { ...running, environment: ['BANGER_STATE_DIRECTORY=/state2'] });
    manager.set('banger-vm-foreign.service', running);
    assert.deepEqual(await units.runningOf('/state'), ['banger-vm-mine.service']);
    const supervisor = new SystemdSupervisor(units, new ProcessSupervisor());
    assert.deepEqual(await supervisor.endStrays('/state', new Set(['banger-vm-mine'])), []);
    assert.deepEqual(await supervisor.endStrays('/state', new Set()), ['banger-vm-mine']);
    assert.deepEqual(
      manager.calls.filter((call) => call.startsWith('StopUnit')),
      ['StopUnit(banger-vm-mine.service,replace)'],
    );
  }));

test('without the manager a unit is its process: it runs, its end is seen, and it can be killed', () =>
  withManager(async (manager, units) => {
    const child = spawn('sleep', ['1000'], { env: { BANGER_SUPERVISED: 'banger-vm-a1:mark' } });
    const exit = once(child, 'exit');
    const identity = identify(child.pid ?? 0);
    assert.ok(identity);
    manager.set(unit, { ...running, pid: identity.pid });
    const supervised = {
      kind: 'unit',
      unit,
      invocationId: invocation,
      mark: 'banger-vm-a1:mark',
      ...identity,
    } as const;
    const supervisor = new SystemdSupervisor(units, new ProcessSupervisor());
    const end = supervisor.ended(supervised, never);
    manager.vanish();
    // A daemon on a bus that has no manager.
    const processes = new ProcessSupervisor();
    assert.equal(await processes.isRunning(supervised), true);
    assert.equal(await processes.signal(supervised, 'SIGSTOP'), true);
    assert.equal(await processes.signal(supervised, 'SIGCONT'), true);
    const [running_] = await Promise.all([
      supervisor.isRunning(supervised),
      supervisor.signal(supervised, 'SIGCONT'),
    ]);
    assert.equal(running_, true, 'it would be started a second time on the same disks');
    await supervisor.kill(supervised);
    await exit;
    await end;
    assert.equal(await supervisor.isRunning(supervised), false);
  }));
