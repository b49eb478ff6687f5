import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { rootfsBytes } from '../support/artifacts.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

/** A kernel is not removed while an image boots it. */
async function removeImage(): Promise<void> {
  const path = await fixture.daemon.manager.call('GetImage', 'debian-bookworm');
  await fixture.daemon.proxy(path, 'org.banger.Image1').call('Delete', {});
}

for (const [kind, name, remove, missing] of [
  [
    'image',
    'debian-bookworm',
    'delete',
    'no image "nope" and no recipe of that name; `banger image list` shows those there are',
  ],
  ['kernel', 'fake', 'rm', 'no kernel "nope"; the catalog has: debian-bookworm'],
] as const) {
  test(`${kind} list, show and ${remove}`, async () => {
    const list = await fixture.run([kind, 'list']);
    assert.equal(list.status, 0);
    assert.match(list.stdout, new RegExp(`^NAME +ID .*\\n${name} `));
    const [first] = JSON.parse((await fixture.run([kind, 'list', '--json'])).stdout);
    assert.equal(first.name, name);
    assert.equal(first.created_at, '2026-01-01T00:00:00.000Z');
    const show = await fixture.run([kind, 'show', name]);
    assert.match(show.stdout, /^Digest: +x$/m);
    const shown = JSON.parse((await fixture.run([kind, 'show', name, '--json'])).stdout);
    assert.deepEqual([shown.name, shown.digest, shown.size], [name, 'x', rootfsBytes]);
    if (kind === 'kernel') await removeImage();
    const removed = await fixture.run([kind, remove, name]);
    assert.deepEqual([removed.status, removed.stdout], [0, `${name} deleted\n`]);
    assert.deepEqual(fixture.daemon.calls, [['Delete', {}]]);
    assert.equal((await fixture.run([kind, 'list', '--json'])).stdout, '[]\n');
  });

  test(`${kind} ${remove}: each failure is told, the others are removed`, async () => {
    if (kind === 'kernel') await removeImage();
    const { status, stdout, stderr } = await fixture.run([kind, remove, 'nope', name]);
    assert.equal(status, 1);
    assert.equal(stdout, `${name} deleted\n`);
    assert.equal(stderr, `banger: nope: ${missing}\n`);
  });

  test(`${kind} ${remove} of one that a VM uses is refused`, async () => {
    await fixture.daemon.addVm('web', { start: false });
    const { status, stderr } = await fixture.run([kind, remove, name]);
    assert.deepEqual([status, stderr], [1, `banger: ${name} is used by the VM web; delete that first\n`]);
  });

  test(`${kind} show of what is not there`, async () => {
    const { status, stderr } = await fixture.run([kind, 'show', 'nope']);
    assert.deepEqual([status, stderr], [1, `banger: ${missing}\n`]);
  });
}

test('image pull of an image that is here', async () => {
  const pulled = await fixture.run(['image', 'pull', 'debian-bookworm']);
  assert.deepEqual([pulled.status, pulled.stdout], [0, 'debian-bookworm ready\n']);
  assert.deepEqual(fixture.daemon.calls, [['PullImage', 'debian-bookworm', {}]]);
});

test('kernel pull of a kernel that is here', async () => {
  const pulled = await fixture.run(['kernel', 'pull', 'fake']);
  assert.deepEqual([pulled.status, pulled.stdout], [0, 'fake ready\n']);
  assert.deepEqual(fixture.daemon.calls, [['PullKernel', 'fake', {}]]);
});

test('doctor tells each check with its remedy, and a check that fails is a failure', async () => {
  writeFileSync(join(fixture.directory, '.config/banger/config.toml'), 'qemu_bin = "/nonexistent/qemu"\n');
  const { status, stdout } = await fixture.run(['doctor']);
  assert.equal(status, 1);
  assert.match(stdout, /^fail {2}\/nonexistent\/qemu: .*\n {6}→ \S/m);
  assert.match(stdout, /^pass {2}configuration: new VMs have /m);
  assert.match(stdout, /^warn {2}netd: banger-netd is not here, .*\n {6}→ \S/m);
  const marks = stdout.split('\n').flatMap((line) => /^(fail|warn|pass) /.exec(line)?.[1] ?? []);
  assert.deepEqual(
    marks,
    [...marks].sort((a, b) => 'fail warn pass'.indexOf(a) - 'fail warn pass'.indexOf(b)),
  );
  const [failed, warned] = ['fail', 'warn'].map((mark) => marks.filter((each) => each === mark).length);
  assert.ok(
    stdout.endsWith(`\n\n${marks.length} checks: ${failed} failed, ${warned} with a warning\n`),
    stdout,
  );
  const checks = JSON.parse((await fixture.run(['doctor', '--json'])).stdout);
  const [netd] = checks.filter(({ check }: { check: string }) => check === 'netd');
  assert.deepEqual([netd.status, Object.keys(netd)], ['warn', ['check', 'status', 'detail', 'remedy']]);
});

test('daemon status', async () => {
  const { status, stdout } = await fixture.run(['daemon', 'status']);
  assert.equal(status, 0);
  assert.match(stdout, /^Version: +\d+\.\d+\.\d+$/m);
  assert.match(stdout, new RegExp(`^PID: +${process.pid}$`, 'm'));
  assert.match(stdout, /^DNS address: +127\.0\.0\.1:\d+$/m);
  assert.ok(stdout.includes(`Bus address:     ${fixture.bus.address}\n`), stdout);
  const { version, started_at, dns_address, ...json } = JSON.parse(
    (await fixture.run(['daemon', 'status', '--json'])).stdout,
  );
  const state = join(fixture.directory, '.local/state/banger');
  assert.deepEqual(json, {
    running: true,
    pid: process.pid,
    bus_address: fixture.bus.address,
    bus_name: 'org.banger.Manager1',
    state_directory: state,
    log: join(state, 'bangerd.log'),
    log_file: join(state, 'bangerd.log'),
    socket: join(fixture.directory, 'banger/bangerd.sock'),
  });
  assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.match(dns_address, /^127\.0\.0\.1:\d+$/);
  assert.equal(new Date(started_at).toISOString(), started_at);
});

test('without a daemon, status and stop say so and start none', async () => {
  await fixture.daemon.crash();
  const status = await fixture.run(['daemon', 'status']);
  assert.equal(status.status, 1);
  assert.match(status.stdout, /^bangerd does not run/);
  const json = await fixture.run(['daemon', 'status', '--json']);
  assert.deepEqual([json.status, JSON.parse(json.stdout)], [1, { running: false }]);
  const stop = await fixture.run(['daemon', 'stop']);
  assert.deepEqual([stop.status, stop.stdout], [0, 'bangerd does not run\n']);
});
