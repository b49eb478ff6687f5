import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { untilCancelled } from '../support/in-process/machines.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

/** Sends a signal once something is on the output. */
function signalAt(seen: string, ...signals: NodeJS.Signals[]) {
  let sent = 0;
  return (all: string, child: { kill(signal: NodeJS.Signals): boolean }) => {
    if (!all.includes(seen) || sent > 0) return;
    sent++;
    for (const [index, signal] of signals.entries()) setTimeout(() => child.kill(signal), 50 + index * 300);
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  for (const command of ['create', 'run']) {
    test(`${signal} while vm ${command} waits cancels the job, leaves nothing and gives 130`, async () => {
      fixture.daemon.machines.onBoot = untilCancelled;
      const { status, stderr, stdout } = await fixture.start(['vm', command, '--name', 'web'], {
        onOutput: signalAt('stage boot', signal),
      });
      assert.equal(status, 130);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /cancelling; press Ctrl-C again to leave at once\nbanger: cancelled .*; run it again .*\n$/,
      );
      assert.deepEqual(
        fixture.daemon.calls.map(([member]) => member),
        ['CreateVM', 'Cancel'],
      );
      assert.deepEqual(await fixture.daemon.vmNames(), []);
    });
  }
}

test('a second Ctrl-C leaves at once and says what goes on', async () => {
  fixture.daemon.machines.onBoot = untilCancelled;
  // What was done is undone as long as the test likes.
  const undone = Promise.withResolvers<void>();
  fixture.daemon.machines.onKill = () => undone.promise;
  const { status, stderr } = await fixture.start(['vm', 'create'], {
    onOutput: signalAt('stage boot', 'SIGINT', 'SIGINT'),
  });
  undone.resolve();
  assert.equal(status, 130);
  assert.match(stderr, /banger: left at once; the daemon ends by itself what was begun/);
});

test('work that was done when the signal came is undone as well', async () => {
  for (const command of ['create', 'run']) {
    const done = Promise.withResolvers<void>();
    fixture.daemon.machines.onBoot = () => done.promise;
    const ended = Promise.withResolvers<void>();
    await fixture.daemon.manager.on('JobRemoved', () => ended.resolve());
    fixture.daemon.onCall = async ([member]) => {
      if (member !== 'Cancel') return;
      done.resolve();
      await ended.promise;
    };
    const { status } = await fixture.start(['vm', command], { onOutput: signalAt('stage boot', 'SIGINT') });
    assert.equal(status, 130);
    assert.deepEqual(await fixture.daemon.vmNames(), []);
  }
});

test('Ctrl-C while several VMs start cancels them all', async () => {
  for (const name of ['web', 'db']) await fixture.daemon.addVm(name, { start: false });
  fixture.daemon.machines.onBoot = untilCancelled;
  const signal = signalAt('boot', 'SIGINT');
  const { status } = await fixture.start(['vm', 'start', 'web', 'db'], {
    onOutput: (all, child) => {
      if (all.includes('web: stage boot') && all.includes('db: stage boot')) signal(all, child);
    },
  });
  assert.equal(status, 130);
  assert.equal(fixture.daemon.calls.filter(([member]) => member === 'Cancel').length, 2);
});

test('a job that somebody else cancelled', async () => {
  await fixture.daemon.addVm('web', { start: false });
  let job = '';
  await fixture.daemon.manager.on('JobNew', (path) => {
    job = path;
  });
  fixture.daemon.machines.onBoot = async (machine, signal) => {
    void fixture.daemon.proxy(job, 'org.banger.Job1').call('Cancel');
    await untilCancelled(machine, signal);
  };
  const { status, stderr } = await fixture.run(['vm', 'start', 'web']);
  assert.equal(status, 130);
  assert.match(stderr, /\nbanger: cancelled .*; run it again if it is wanted\n$/);
});

for (const [command, expected] of [
  ['create', 1],
  ['run', 125],
] as const) {
  test(`the daemon dies while vm ${command} waits: one clear line, status ${expected}`, async () => {
    fixture.daemon.machines.onBoot = async (machine, signal) => {
      void fixture.daemon.crash();
      await untilCancelled(machine, signal);
    };
    const { status, stderr, stdout } = await fixture.run(['vm', command]);
    assert.equal(status, expected);
    assert.equal(stdout, '');
    assert.match(stderr, /\nbanger: the daemon ended while it worked; .*`banger vm list`.*\n$/);
    assert.equal(stderr.split('\n').filter((line) => line.startsWith('banger:')).length, 1);
  });
}

test('the bus dies while a job runs: one clear line', async () => {
  await using other = await startFixture();
  await other.renew();
  other.daemon.machines.onBoot = async (machine, signal) => {
    void other.bus.kill();
    await untilCancelled(machine, signal);
  };
  const { status, stderr } = await other.run(['vm', 'create']);
  assert.equal(status, 1);
  assert.equal(stderr.split('\n').filter((line) => line.startsWith('banger:')).length, 1, stderr);
});

test('a job that ends before its path is known is not missed', async () => {
  for (let round = 0; round < 5; round++) {
    const { status, stdout } = await fixture.run(['image', 'pull', 'debian-bookworm']);
    assert.deepEqual([status, stdout], [0, 'debian-bookworm ready\n']);
  }
});
