import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import { StaleVms } from '../../src/upkeep/stale-vms.ts';
import { usageAt } from './usage.ts';

const after = 10_000;

/** Stale VMs, and all that they told, stopped and logged. */
function watched(given: { isWorkedOn?: () => boolean; stop?: () => void } = {}) {
  const told: string[] = [];
  const logged: string[] = [];
  const log = (_fields: object, message: string) => logged.push(message);
  const stale = new StaleVms({
    log: { info: log, warn: log, error: log },
    nameOf: (id) => id.toUpperCase(),
    isWorkedOn: given.isWorkedOn ?? (() => false),
    stop: (id) => {
      given.stop?.();
      told.push(`stop ${id}`);
    },
  });
  stale.on('stale', (id, since, stopAt) => told.push(`stale ${id} ${Math.round((stopAt - since) / 1e6)}`));
  stale.on('used', (id) => told.push(`used ${id}`));
  return { stale, told, logged };
}

/** Looks at VM a each second; it is idle unless told otherwise. */
function look(stale: StaleVms, from: number, to: number, connections = 0): void {
  for (let s = from; s <= to; s++) stale.see('a', usageAt(s * 1000, 0, connections), after, s * 1000);
}

test('a stale VM is announced, then stopped once, with the reason in the log', () => {
  const { stale, told, logged } = watched();
  look(stale, 0, 9);
  assert.deepEqual([told, stale.isAnyAnnounced], [[], false]);
  look(stale, 10, 10);
  assert.deepEqual([told, stale.isAnyAnnounced], [['stale a 11'], true]);
  look(stale, 11, 13);
  assert.deepEqual([told, stale.isAnyAnnounced], [['stale a 11', 'stop a'], false]);
  assert.deepEqual(logged, [
    'A is stale: it was not used for 10 s; it will be stopped soon',
    'stopping A: it was not used for 11 s (auto_stop_stale_after)',
  ]);
});

test('the announcement has times of the wall clock', () => {
  const { stale } = watched();
  const times: number[] = [];
  stale.on('stale', (_id, since, stopAt) => times.push(since, stopAt));
  look(stale, 0, 10);
  const [since = 0, stopAt = 0] = times;
  assert.ok(Math.abs(since / 1000 - (Date.now() - 10_000)) < 2_000);
  assert.ok(Math.abs(stopAt / 1000 - (Date.now() + 1_000)) < 2_000);
});

test('a connection, or a client that asks for the VM, calls the stop off', () => {
  const { stale, told } = watched();
  look(stale, 0, 10);
  look(stale, 11, 11, 1);
  look(stale, 12, 22);
  stale.want('a');
  look(stale, 23, 32);
  assert.deepEqual(told, ['stale a 11', 'used a', 'stale a 11', 'used a']);
});

test('a VM that the daemon works on is in use, also when a stop finds it so', () => {
  const working = watched({ isWorkedOn: () => true });
  look(working.stale, 0, 30);
  assert.deepEqual(working.told, []);
  const busy = watched({
    stop: () => {
      throw new BangerError('Busy', 'a set of a is under way');
    },
  });
  look(busy.stale, 0, 11);
  assert.deepEqual(busy.told, ['stale a 11', 'used a']);
});

test('nothing is stale without the setting, and a VM that was stopped is forgotten', () => {
  const { stale, told } = watched();
  for (let s = 0; s < 30; s++) stale.see('a', usageAt(s * 1000, 0), undefined, s * 1000);
  look(stale, 30, 38);
  stale.forget('a');
  look(stale, 39, 48);
  assert.deepEqual(told, []);
});

test('VMs are judged each for itself', () => {
  const { stale, told } = watched();
  for (let s = 0; s < 12; s++) {
    stale.see('a', usageAt(s * 1000, 0), after, s * 1000);
    stale.see('b', undefined, after, s * 1000);
  }
  assert.deepEqual(told, ['stale a 11', 'stop a']);
});
