/** The D-Bus API as a user of a real systemd host has it: started by the bus, from an installation. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertDescribed, interfaceOf } from '../support/contract.ts';
import { checkout } from '../support/guest-home.ts';
import { until } from '../support/program.ts';
import { openHost, type TestHost } from './support/host.ts';

/** A guest boots in a host on a busy machine meanwhile. */
const bootMs = 240_000;
const service = 'org.banger.Manager1';
const managerPath = '/org/banger/Manager1';

let host: TestHost;
before(async () => {
  host = await openHost();
  await host.login('alice');
  await host.installFor('alice');
  await host.prepareImages('alice');
});
after(() => host.close());

const alice = (...argv: string[]) => host.userSays('alice', ...argv);

/** Runs a program as alice to its end, which must be a good one. */
async function long(...argv: string[]): Promise<{ stdout: string; stderr: string }> {
  const { status, stdout, stderr } = await host.asUser('alice', argv, { timeoutMs: bootMs });
  assert.equal(status, 0, `${argv.join(' ')}: ${stdout}${stderr}`);
  return { stdout: stdout.toString(), stderr };
}

async function daemonRuns(): Promise<boolean> {
  return (await host.units('bangerd.service', 'alice')).some(({ active }) => active === 'active');
}

/** Ends the daemon, so that whoever comes next has the bus start it. */
async function endDaemon(): Promise<void> {
  await alice('systemctl', '--user', 'stop', 'bangerd.service');
  assert.equal(await daemonRuns(), false);
}

/** Fails unless busctl and gdbus are told the contract of every node, and gives the interfaces there are, each once. */
async function assertAllDescribed(): Promise<string[]> {
  const tree = async () => (await alice('busctl', '--user', 'tree', '--list', service)).split('\n');
  const paths = await tree();
  for (const path of paths) {
    try {
      assertDescribed(path, await alice('busctl', '--user', 'introspect', '--xml-interface', service, path));
      const where = ['--session', '--dest', service, '--object-path', path];
      assertDescribed(path, await alice('gdbus', 'introspect', ...where, '--xml'));
    } catch (error) {
      // A job that ended a while ago is forgotten, maybe meanwhile.
      if (!path.startsWith('/org/banger/jobs/') || (await tree()).includes(path)) throw error;
    }
  }
  return [...new Set(paths.flatMap((path) => interfaceOf(path) ?? []))].sort();
}

test('introspecting the manager starts the daemon and returns the contract', async () => {
  await endDaemon();
  const xml = await alice('busctl', '--user', 'introspect', '--xml-interface', service, managerPath);
  assertDescribed(managerPath, xml);
  assert.equal(await daemonRuns(), true);
  assert.deepEqual(await assertAllDescribed(), [
    'org.banger.Image1',
    'org.banger.Kernel1',
    'org.banger.Manager1',
  ]);
});

test('the client in Python of the documentation has the bus start the daemon, and a VM in a unit', async () => {
  cpSync(join(checkout, 'docs/examples/watch-a-vm.py'), host.path('/home/alice/watch-a-vm.py'));
  await endDaemon();
  const { stdout } = await long('python3', './watch-a-vm.py', 'snake', 'memory=536870912', 'vcpus=1');
  const [, id = ''] = /^added \/org\/banger\/vms\/(\w+) org\.banger\.VM1$/m.exec(stdout) ?? [];
  assert.ok(id, stdout);
  for (const line of [
    `changed /org/banger/vms/${id} State running`,
    'ended /org/banger/jobs/1 done -',
    'state running',
    `removed /org/banger/vms/${id} org.banger.VM1`,
    'ended /org/banger/jobs/2 done -',
    'gone org.banger.Error.NoSuchVM',
  ]) {
    assert.ok(stdout.split('\n').includes(line), `${line} is not in\n${stdout}`);
  }
  assert.deepEqual(await host.units('banger-vm-*', 'alice'), []);
});

test('without linger, a VM that is to go on is said to end with the last logout; doctor has the remedy', async () => {
  const note =
    /^note: \w+: it is stopped when you log out for the last time; `loginctl enable-linger` keeps VMs running$/gm;
  const doctor = async () => {
    const { stdout } = await host.asUser('alice', ['banger', 'doctor', '--json'], { timeoutMs: bootMs });
    const checks: Record<string, string>[] = JSON.parse(stdout.toString());
    return checks.find(({ check }) => check === 'linger');
  };
  const lingers = async () => JSON.parse(await alice('banger', 'daemon', 'status', '--json')).linger;
  const created = await long('banger', 'vm', 'create', '--name', 'one', '--memory', '512M');
  assert.equal(created.stderr.match(note)?.length, 1, created.stderr);
  assert.equal(await lingers(), false);
  const { status, remedy = '' } = (await doctor()) ?? {};
  assert.deepEqual([status, remedy], ['warn', 'loginctl enable-linger']);
  assert.ok((await assertAllDescribed()).includes('org.banger.VM1'));

  await host.linger('alice', true);
  await long('banger', 'vm', 'delete', '--force', '--yes', 'one');
  const detached = await long('banger', 'vm', 'run', '--detach', '--name', 'two', '--memory', '512M');
  assert.doesNotMatch(detached.stderr, note);
  assert.equal(await lingers(), true);
  assert.equal((await doctor())?.status, 'pass');
});

test('a VM continues after a logout with linger, and stops without it', async () => {
  const [unit] = (await host.units('banger-vm-*', 'alice')).map(({ unit }) => unit);
  assert.ok(unit);
  await host.logout('alice');
  assert.equal(await host.userManagerIsUp('alice'), true);
  assert.deepEqual(
    (await host.units('banger-vm-*', 'alice')).map(({ unit, active }) => [unit, active]),
    [[unit, 'active']],
  );
  await host.login('alice');
  await host.linger('alice', false);
  await host.logout('alice');
  await until('nothing of hers runs', async () => (await host.processes('alice')).length === 0, 150_000);
  await host.login('alice');
  const vms: { state: string }[] = JSON.parse(await alice('banger', 'vm', 'list', '--json'));
  assert.deepEqual(
    vms.map(({ state }) => state),
    ['stopped'],
  );
  await long('banger', 'vm', 'delete', '--force', '--yes', 'two');
});
