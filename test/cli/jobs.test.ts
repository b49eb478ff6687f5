import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import type { FakeJob, FakeVm } from './fake-daemon.ts';
import { type Fixture, startFixture } from './old-fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

/** Work that goes on until it is cancelled, and then undoes what it did. */
async function untilCancelled({ signal, stage }: FakeJob, vm?: FakeVm): Promise<void> {
  stage('boot');
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  if (vm) fixture.daemon.removeVm(vm);
  throw new BangerError('Cancelled', 'cancelled on request');
}

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
      fixture.daemon.scripts.create = untilCancelled;
      const { status, stderr, stdout } = await fixture.start(['vm', command, '--name', 'web'], {
        onOutput: signalAt('stage boot', signal),
      });
      assert.equal(status, 130);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /cancelling; press Ctrl-C again to leave at once\nbanger: cancelled on request; run it again .*\n$/,
      );
      assert.deepEqual(
        fixture.daemon.calls.map(([member]) => member),
        ['CreateVM', 'Cancel'],
      );
      assert.equal(fixture.daemon.vms.size, 0);
    });
  }
}

test('a second Ctrl-C leaves at once and says what goes on', async () => {
  fixture.daemon.scripts.create = () => new Promise(() => undefined);
  fixture.daemon.scripts.create = async ({ stage }) => {
    stage('boot');
    await new Promise(() => undefined);
  };
  const begin = performance.now();
  const { status, stderr } = await fixture.start(['vm', 'create'], {
    onOutput: signalAt('stage boot', 'SIGINT', 'SIGINT'),
  });
  assert.equal(status, 130);
  assert.match(stderr, /banger: left at once; the daemon ends by itself what was begun/);
  assert.ok(performance.now() - begin < 10_000);
});

test('work that was done when the signal came is undone as well', async () => {
  fixture.daemon.scripts.create = async ({ signal, stage }) => {
    stage('boot');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  for (const command of ['create', 'run']) {
    const { status } = await fixture.start(['vm', command], { onOutput: signalAt('stage boot', 'SIGINT') });
    assert.equal(status, 130);
    assert.equal(fixture.daemon.vms.size, 0);
    assert.deepEqual(fixture.daemon.calls.at(-1), ['Delete', 'made-up', { force: true }]);
  }
});

test('Ctrl-C while one of several VMs starts cancels them all', async () => {
  fixture.daemon.addVm('web', { state: 'stopped' });
  fixture.daemon.addVm('db', { state: 'stopped' });
  fixture.daemon.scripts.start = (job) => untilCancelled(job);
  const { status } = await fixture.start(['vm', 'start', 'web', 'db'], {
    onOutput: signalAt('db: stage boot', 'SIGINT'),
  });
  assert.equal(status, 130);
  assert.equal(fixture.daemon.calls.filter(([member]) => member === 'Cancel').length, 2);
});

test('a job that somebody else cancelled', async () => {
  fixture.daemon.scripts['pull-image'] = () => {
    throw new BangerError('Cancelled', 'cancelled on request');
  };
  const { status, stderr } = await fixture.run(['image', 'pull', 'debian-bookworm']);
  assert.equal(status, 130);
  assert.equal(stderr, 'banger: cancelled on request; run it again if it is wanted\n');
});

for (const [command, expected] of [
  ['create', 1],
  ['run', 125],
] as const) {
  test(`the daemon dies while vm ${command} waits: one clear line, status ${expected}`, async () => {
    fixture.daemon.scripts.create = async ({ stage }) => {
      stage('boot');
      setTimeout(() => fixture.daemon.die(), 200);
      await new Promise(() => undefined);
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
  other.daemon.scripts.create = async ({ stage }) => {
    stage('boot');
    setTimeout(() => void other.bus.kill(), 200);
    await new Promise(() => undefined);
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
