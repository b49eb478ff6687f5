/** What becomes of a VM whose guest ends by itself, and what is told to who is in it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { until } from '../support/program.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

const restarting = '[   12.345678] reboot: Restarting system\r\n';
const panicked =
  '[   12.345678] Kernel panic - not syncing: Fatal \u001b[2Jexception; oh\r\n[   12.4] CPU: 0\r\n';

/** Ends the guest of a VM with some last words. */
async function endGuest(name: string, words: string): Promise<void> {
  const machine = await fixture.daemon.machineOf(name);
  machine.say(words);
  machine.end(0);
}

async function shown(name: string): Promise<{ state: string; error: string }> {
  const vm = fixture.daemon.vm(await fixture.daemon.idOf(name));
  const { State: state, LastError: error } = await vm.getAll();
  return { state, error };
}

/** Waits until a VM runs in another machine than this. */
async function rebooted(name: string, former: unknown): Promise<void> {
  const isOther = async () => (await fixture.daemon.machineOf(name)) !== former;
  await until('it runs again', async () => (await isOther()) && (await shown(name)).state === 'running');
}

test('a guest that reboots boots again in a job of its own, and is never said to be stopped', async () => {
  const id = await fixture.daemon.addVm('web');
  const kinds: string[] = [];
  const states: unknown[] = [];
  await fixture.daemon.manager.on('JobNew', (job) => {
    void fixture.daemon
      .proxy(job, 'org.banger.Job1')
      .get('Kind')
      .then((kind) => kinds.push(kind));
  });
  await fixture.daemon.vm(id).onChanged(({ State: state }) => state !== undefined && states.push(state));
  const former = await fixture.daemon.machineOf('web');
  await endGuest('web', restarting);
  await rebooted('web', former);
  assert.deepEqual(kinds, ['reboot']);
  assert.deepEqual([...new Set(states)], ['starting', 'running']);
  assert.equal((await shown('web')).error, '');
});

test('a guest that reboots over and over has failed', async () => {
  await fixture.daemon.addVm('web');
  for (let count = 0; count < 5; count++) {
    const former = await fixture.daemon.machineOf('web');
    await endGuest('web', restarting);
    await rebooted('web', former);
  }
  await endGuest('web', restarting);
  await until('it has failed', async () => (await shown('web')).state === 'failed');
  assert.match(
    (await shown('web')).error,
    /^the guest rebooted over and over, more than 5 times within 5 minutes/,
  );
});

test('a guest that rebooted while no daemon ran boots again', async () => {
  await fixture.daemon.addVm('web');
  const { machines } = fixture.daemon;
  const former = await fixture.daemon.machineOf('web');
  await fixture.daemon.crash();
  former.say(restarting);
  former.end(0);
  await fixture.restart({ machines });
  await rebooted('web', former);
});

test('a panic is the last error, with the words of the kernel made harmless', async () => {
  await fixture.daemon.addVm('web');
  await endGuest('web', panicked);
  await until('it has failed', async () => (await shown('web')).state === 'failed');
  assert.equal(
    (await shown('web')).error,
    "the guest's kernel panicked while the VM ran: Kernel panic - not syncing: Fatal \ufffd[2Jexception, oh; `banger vm logs web` shows the console, `banger vm start web` boots it again",
  );
});

test('a reset without a word is a failure', async () => {
  await fixture.daemon.addVm('web');
  await endGuest('web', 'login: ');
  await until('it has failed', async () => (await shown('web')).state === 'failed');
  assert.match(
    (await shown('web')).error,
    /^the guest reset its machine without a word, as by a triple fault, while/,
  );
});

/** Guests that end before they are ready, and what their start fails with. */
const boots: [what: string, words: string, expected: RegExp][] = [
  [
    'panics',
    panicked,
    /the guest's kernel panicked before the guest was ready: Kernel panic - .*, oh; read its console/,
  ],
  ['reboots', restarting, /the guest rebooted before it was ready/],
  ['resets', 'hello\r\n', /the guest reset its machine without a word, .*, before it was ready/],
];

for (const [what, words, expected] of boots) {
  test(`the start of a guest that ${what} in its boot fails by that`, async () => {
    await fixture.daemon.addVm('web', { start: false });
    fixture.daemon.machines.onBoot = (machine) => {
      machine.say(words);
      machine.end(0);
    };
    const { status, stderr } = await fixture.run(['vm', 'start', 'web']);
    assert.equal(status, 1);
    assert.match(stderr, expected);
    assert.match((await shown('web')).error, expected);
  });
}

/** What ends under a command, and what the command says. */
const cuts: [what: string, words: string, expected: RegExp][] = [
  [
    'reboots',
    restarting,
    /banger: the guest rebooted before the command had ended; enter it with `banger vm ssh web`/,
  ],
  [
    'panics',
    panicked,
    /banger: the guest's kernel panicked while the VM ran: Kernel panic - not syncing: Fatal/,
  ],
];

for (const sources of [
  ['web:/etc/hosts', '.'],
  ['/etc/hosts', 'web:/tmp'],
]) {
  test(`vm cp ${sources.join(' ')} in a guest that reboots fails and says so`, async () => {
    await fixture.daemon.addVm('web');
    const copying = fixture.start(['vm', 'cp', ...sources], {
      cwd: fixture.directory,
      env: { FAKE_SSH: 'broken' },
    });
    await until('it is in the guest', () => fixture.sshArgs().length > 0);
    await endGuest('web', restarting);
    const { status, stderr } = await copying;
    assert.equal(status, 1, stderr);
    assert.match(stderr, /banger: the guest rebooted before all was copied; enter it with/);
  });
}

for (const [what, words, expected] of cuts) {
  test(`a command in a guest that ${what} fails and says so`, async () => {
    await fixture.daemon.addVm('web');
    const executing = fixture.start(['vm', 'exec', 'web', '--', 'make'], { env: { FAKE_SSH: 'broken' } });
    await until('it is in the guest', () => fixture.sshArgs().length > 0);
    await endGuest('web', words);
    const { status, stderr } = await executing;
    assert.equal(status, 125, stderr);
    assert.match(stderr, expected);
  });
}

test('what needs the guest of a VM that is frozen is refused at once', async () => {
  await fixture.daemon.addVm('web');
  await fixture.run(['vm', 'kill', '--signal', 'STOP', 'web']);
  assert.match((await fixture.run(['vm', 'list'])).stdout, /^web\s+frozen/m);
  for (const use of [
    ['exec', 'web', '--', 'true'],
    ['ssh', 'web', '--', 'true'],
    ['cp', 'web:/etc/hostname', '.'],
    ['ports', 'web'],
    ['start', 'web'],
    ['set', 'web', '--disk-size', '9G'],
  ]) {
    const { status, stderr } = await fixture.run(['vm', ...use]);
    assert.notEqual(status, 0);
    assert.match(stderr, /web is frozen: .*; continue it with `banger vm kill --signal CONT web`\n$/);
  }
  const stats = await fixture.run(['vm', 'stats', '--once', 'web']);
  assert.match(stats.stderr, /web is frozen, and its guest tells nothing; continue it with/);
  await fixture.run(['vm', 'kill', '--signal', 'CONT', 'web']);
  assert.match((await fixture.run(['vm', 'list'])).stdout, /^web\s+running/m);
});
