/**
 * Guests' clocks follow a jump of the host's, as a suspend or somebody who sets the clock brings about. No test may
 * touch the clock of this machine: the daemon alone is shown another one, by faketime, whose offset the test changes
 * while the daemon runs. Its monotonic clock stays as it is, as in a suspend.
 */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startBus } from '../bus/bus-daemon.ts';
import { openGuestHome } from '../support/guest-home.ts';
import { until } from '../support/program.ts';
import { openSession } from './support/session.ts';

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
if (!existsSync(library)) throw new Error(`${library} is not there; run \`apt-get install faketime\``);
const hour = 3600;
/** What lies between the reading of two clocks on a busy machine, and what a guest may lose meanwhile. */
const slack = 20;

const home = await openGuestHome();
const bus = await startBus();
after(() => bus[Symbol.asyncDispose]());
home.env.DBUS_SESSION_BUS_ADDRESS = bus.address;
const offsetFile = join(bus.directory, 'offset');
/** How far the daemon's clock is from the true one, from now on. */
const shift = (seconds: number) => writeFileSync(offsetFile, `${seconds >= 0 ? '+' : ''}${seconds}\n`);

/** How many seconds a guest's clock is ahead of the true one. */
async function aheadOf(vm: string): Promise<number> {
  return Number(await home.script(vm, 'date +%s')) - Date.now() / 1000;
}

async function isAheadBy(vm: string, seconds: number): Promise<boolean> {
  return Math.abs((await aheadOf(vm)) - seconds) < slack;
}

test('a daemon that is shown a clock of its own runs VMs', async () => {
  shift(0);
  const faked = {
    ...home.env,
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: offsetFile,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const started = await home.run(['vm', 'list'], { env: faked });
  assert.equal(started.status, 0, started.stderr);
  for (const name of ['first', 'second']) await home.create(name, '--memory', '512M');
  assert.ok(await isAheadBy('first', 0));
});

test('a guest whose clock is wrong is right again after the clock of the host has jumped, and so is every other', async () => {
  const session = await openSession(home, 'first');
  // As after a suspend: what the guest knows is long past.
  await home.script('first', `date -s "@$(($(date +%s) - ${8 * hour}))"`);
  assert.ok(await isAheadBy('first', -8 * hour));
  shift(2 * hour);
  await until(
    'both know the time',
    async () => (await isAheadBy('first', 2 * hour)) && isAheadBy('second', 2 * hour),
  );
  assert.match(
    home.log(),
    /the clock of the host has jumped by 7[12]\d\d\.\d s: .*; setting those of the guests/,
  );
  // The guest has the time a moment before the daemon logs it.
  await until('it is logged', () => /the clock of first was set/.test(home.log()));
  // What was under way goes on.
  await session.goesOn();
});

test('a clock that is set back is followed, too, also where one guest does not answer', async () => {
  const { id } = await home.show('second');
  await home.banger('vm', 'kill', '--signal', 'STOP', 'second');
  shift(0);
  await until('the other knows the time', () => isAheadBy('first', 0));
  await home.banger('vm', 'kill', '--signal', 'CONT', 'second');
  await until('it is tried again', () => isAheadBy('second', 0), 60_000);
  assert.equal((await home.show('second')).id, id);
});

test('nothing is left', async () => {
  await home.close();
});
