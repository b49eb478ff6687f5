import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Fixture, startFixture } from './old-fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

for (const [kind, name, remove] of [
  ['image', 'debian-bookworm', 'delete'],
  ['kernel', 'debian', 'rm'],
] as const) {
  test(`${kind} list, show, pull and ${remove}`, async () => {
    const list = await fixture.run([kind, 'list']);
    assert.equal(list.status, 0);
    assert.match(list.stdout, new RegExp(`^NAME +ID .*\\n${name} `));
    const [first] = JSON.parse((await fixture.run([kind, 'list', '--json'])).stdout);
    assert.equal(first.name, name);
    assert.equal(first.created_at, '2023-11-14T22:13:20.000Z');
    const show = await fixture.run([kind, 'show', name]);
    assert.match(show.stdout, /^Digest: +sha256:abc$/m);
    const shown = JSON.parse((await fixture.run([kind, 'show', name, '--json'])).stdout);
    assert.deepEqual([shown.name, shown.digest, shown.size], [name, 'sha256:abc', 2 ** 28]);
    const pulled = await fixture.run([kind, 'pull', name]);
    assert.deepEqual([pulled.status, pulled.stdout], [0, `${name} ready\n`]);
    const removed = await fixture.run([kind, remove, name]);
    assert.deepEqual([removed.status, removed.stdout], [0, `${name} deleted\n`]);
    const calls = fixture.daemon.calls.map(([member]) => member);
    assert.deepEqual(calls, [kind === 'image' ? 'PullImage' : 'PullKernel', `Delete ${kind}`]);
  });

  test(`${kind} ${remove}: each failure is told, the others are removed`, async () => {
    const { status, stdout, stderr } = await fixture.run([kind, remove, 'used', name]);
    assert.equal(status, 1);
    assert.equal(stdout, `${name} deleted\n`);
    assert.equal(stderr, `banger: used: the ${kind} used belongs to the VM web; remove what uses it first\n`);
  });

  test(`${kind} show of what is not there`, async () => {
    const { status, stderr } = await fixture.run([kind, 'show', 'nope']);
    assert.deepEqual(
      [status, stderr],
      [1, `banger: there is no ${kind} nope; see \`banger ${kind} list\`\n`],
    );
  });
}

test('doctor: lines with remedies, and the status', async () => {
  fixture.daemon.checks = [
    ['qemu', 'pass', 'version 7.2', ''],
    ['kvm', 'warn', 'no /dev/kvm; guests are slower', 'sudo modprobe kvm_intel'],
  ];
  const warned = await fixture.run(['doctor']);
  assert.equal(warned.status, 0);
  assert.equal(
    warned.stdout,
    'pass  qemu: version 7.2\nwarn  kvm: no /dev/kvm; guests are slower\n      → sudo modprobe kvm_intel\n',
  );
  fixture.daemon.checks.push(['ssh', 'fail', 'ssh is not installed', 'apt install openssh-client']);
  const failed = await fixture.run(['doctor', '--json']);
  assert.equal(failed.status, 1);
  assert.deepEqual(JSON.parse(failed.stdout)[2], {
    check: 'ssh',
    status: 'fail',
    detail: 'ssh is not installed',
    remedy: 'apt install openssh-client',
  });
});

test('daemon status and stop', async () => {
  const status = await fixture.run(['daemon', 'status']);
  assert.equal(status.status, 0);
  assert.match(status.stdout, /^Version: +9\.9\.9$/m);
  assert.match(status.stdout, /^PID: +4200000$/m);
  assert.match(status.stdout, /^DNS address: +127\.0\.0\.1:42069$/m);
  assert.match(status.stdout, /^Bus address: +unix:path=\/run\/bus$/m);
  const json = JSON.parse((await fixture.run(['daemon', 'status', '--json'])).stdout);
  assert.deepEqual(json, {
    running: true,
    version: '9.9.9',
    pid: 4200000,
    bus_address: 'unix:path=/run/bus',
    state_directory: '/state',
    log_file: '/state/bangerd.log',
    socket: '/run/banger/bangerd.sock',
    dns_address: '127.0.0.1:42069',
    started_at: '2023-11-14T22:13:20.000Z',
  });
  const stopped = await fixture.run(['daemon', 'stop']);
  assert.deepEqual([stopped.status, stopped.stdout], [0, 'bangerd stopped\n']);
});

test('without a daemon, status and stop say so and start none', async () => {
  fixture.daemon.die();
  const status = await fixture.run(['daemon', 'status']);
  assert.equal(status.status, 1);
  assert.match(status.stdout, /^bangerd does not run/);
  const json = await fixture.run(['daemon', 'status', '--json']);
  assert.deepEqual([json.status, JSON.parse(json.stdout)], [1, { running: false }]);
  const stop = await fixture.run(['daemon', 'stop']);
  assert.deepEqual([stop.status, stop.stdout], [0, 'bangerd does not run\n']);
});
