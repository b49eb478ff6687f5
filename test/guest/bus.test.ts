/** The D-Bus API as clients other than banger see it, through the whole life of a VM. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { Running, runProgram, until } from '../support/program.ts';
import { commitAll, makeRepository } from '../support/repository.ts';
import { openTinyHome } from '../support/tiny/home.ts';

const home = await openTinyHome();
const service = 'org.banger.Manager1';
const managerPath = '/org/banger/Manager1';

/** Runs a D-Bus tool, which must succeed, on the bus of the daemon. */
async function busctl(...args: string[]): Promise<string> {
  const { bus_address: address } = await home.daemon();
  const { status, stdout, stderr } = await runProgram('busctl', [
    `--address=${address}`,
    '--json=short',
    ...args,
  ]);
  assert.equal(status, 0, `busctl ${args.join(' ')}: ${stderr}`);
  return stdout.toString();
}

async function gdbus(command: string, path: string, ...args: string[]): Promise<string> {
  const { bus_address: address } = await home.daemon();
  const where = ['--address', address, '--dest', service, '--object-path', path];
  const { status, stdout, stderr } = await runProgram('gdbus', [command, ...where, ...args]);
  assert.equal(status, 0, `gdbus ${command} ${args.join(' ')}: ${stderr}`);
  return stdout.toString();
}

async function property(path: string, iface: string, name: string): Promise<unknown> {
  return JSON.parse(await busctl('get-property', service, path, iface, name)).data;
}

async function call(path: string, iface: string, method: string, ...args: string[]): Promise<unknown[]> {
  return JSON.parse(await busctl('call', service, path, iface, method, ...args)).data;
}

async function objectPaths(): Promise<string[]> {
  const { bus_address: address } = await home.daemon();
  const { stdout } = await runProgram('busctl', [`--address=${address}`, 'tree', '--list', service]);
  return stdout.toString().trim().split('\n');
}

test('the tree has the manager, the image and the kernel, and they answer', async () => {
  await home.names();
  const paths = await objectPaths();
  assert.ok(paths.includes(managerPath), paths.join('\n'));
  for (const kind of ['images', 'kernels']) {
    assert.equal(paths.filter((path) => path.startsWith(`/org/banger/${kind}/`)).length, 1, kind);
  }
  const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  assert.equal(await property(managerPath, service, 'Version'), manifest.version);
  assert.match(
    await gdbus('call', managerPath, '--method', `${service}.ListImages`),
    /'(tiny|debian-bookworm)'/,
  );
  const [checks] = await call(managerPath, service, 'Doctor');
  assert.ok(Array.isArray(checks) && checks.length > 3);
});

test('a property that can be written is written, and one that cannot is refused', async () => {
  await busctl('set-property', service, managerPath, service, 'LogLevel', 's', 'debug');
  assert.equal(await property(managerPath, service, 'LogLevel'), 'debug');
  await busctl('set-property', service, managerPath, service, 'LogLevel', 's', 'info');
  const { bus_address: address } = await home.daemon();
  const setting = [
    `--address=${address}`,
    'set-property',
    service,
    managerPath,
    service,
    'Version',
    's',
    '9',
  ];
  const refused = await runProgram('busctl', setting);
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /read.?only|cannot be set|not writable/i);
});

test('errors have their names, and one sentence', async () => {
  const { bus_address: address } = await home.daemon();
  const fails = async (...args: string[]) => {
    const where = ['--address', address, '--dest', service, '--object-path', managerPath];
    const { status, stderr } = await runProgram('gdbus', ['call', ...where, '--method', ...args]);
    assert.notEqual(status, 0);
    assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace is told');
    return stderr;
  };
  assert.match(await fails(`${service}.GetVM`, 'nobody'), /org\.banger\.Error\.NoSuchVM: no VM "nobody"/);
  assert.match(await fails(`${service}.CreateVM`, 'Not_A_Name', '{}'), /org\.banger\.Error\.InvalidName/);
  const unknown = await fails(`${service}.CreateVM`, 'x', "{'colour': <'red'>}");
  assert.match(unknown, /org\.freedesktop\.DBus\.Error\.InvalidArgs.*colour/);
  assert.match(await fails(`${service}.Nothing`), /org\.freedesktop\.DBus\.Error\.UnknownMethod/);
  assert.deepEqual(await home.names(), []);
});

/** A message as `busctl --json=short monitor` tells it. */
interface Message {
  type: string;
  path: string;
  interface: string;
  member: string;
  payload: { data: unknown[] };
}

test('a monitor sees the whole of a vm run', async (t) => {
  const repository = await makeRepository(t);
  await commitAllOf(repository);
  const { bus_address: address } = await home.daemon();
  const monitor = new Running('busctl', [`--address=${address}`, '--json=short', 'monitor', service]);
  t.after(() => monitor.child.kill('SIGKILL'));
  await monitor.says('Monitoring bus message stream.');
  const command = ['vm', 'run', '--rm', '--name', 'watched', repository, '--', 'true'];
  const { status, stderr } = await home.run(command);
  assert.equal(status, 0, stderr);
  const messages = (): Message[] =>
    monitor
      .stdout()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  const signals = (member: string) =>
    messages().filter(({ type, member: name }) => type === 'signal' && name === member);
  await until('the end of the deletion is seen', () => signals('JobRemoved').length === 3);
  monitor.child.kill('SIGTERM');

  const vmPath = signals('InterfacesAdded')
    .map(({ payload }) => String(payload.data[0]))
    .find((path) => path.startsWith('/org/banger/vms/'));
  assert.ok(vmPath, 'the VM was not announced');
  assert.deepEqual(
    signals('InterfacesRemoved')
      .map(({ payload }) => payload.data)
      .filter(([path]) => path === vmPath),
    [[vmPath, ['org.banger.VM1']]],
  );
  const jobs = signals('JobNew').map(({ payload }) => payload.data[0]);
  assert.deepEqual(
    signals('JobRemoved').map(({ payload }) => payload.data),
    jobs.map((job) => [job, 'done', '', '']),
  );
  /** The values that a property of an object took, in their order, each once. */
  const valuesOf = (path: unknown, name: string): unknown[] =>
    signals('PropertiesChanged')
      .filter((message) => message.path === path)
      .map(({ payload }) => (payload.data[1] as Record<string, { data: unknown }>)[name]?.data)
      .filter((value, index, all) => value !== undefined && value !== all[index - 1]);
  assert.deepEqual(
    valuesOf(vmPath, 'State').filter((state, index, all) => state !== all[index - 1]),
    ['starting', 'running', 'deleting'],
  );
  const [create, workspace] = jobs;
  const stages = valuesOf(create, 'Stage');
  for (const stage of ['disks', 'seed', 'launch', 'boot'])
    assert.ok(stages.includes(stage), `${stage}: ${stages}`);
  assert.ok(valuesOf(workspace, 'Stage').includes('workspace-copy'));
  assert.deepEqual(valuesOf(create, 'State'), ['running', 'done']);
});

test('busctl, gdbus and the CLI read the same of a VM, and a deleted VM has no object', async () => {
  await home.create('described', '--no-start');
  const [path] = await call(managerPath, service, 'GetVM', 's', 'described');
  const vmPath = String(path);
  const shown = await home.show('described');
  assert.equal(vmPath, `/org/banger/vms/${shown.id}`);
  const get = ['--method', 'org.freedesktop.DBus.Properties.Get', 'org.banger.VM1'];
  for (const [name, key] of [
    ['Name', 'name'],
    ['Id', 'id'],
    ['State', 'state'],
    ['Image', 'image'],
    ['Memory', 'memory'],
    ['DiskSize', 'disk_size'],
    ['VCPUs', 'vcpus'],
    ['Unit', 'unit'],
  ] as const) {
    const value = await property(vmPath, 'org.banger.VM1', name);
    assert.equal(value, shown[key], name);
    const text = await gdbus('call', vmPath, ...get, name);
    assert.ok(text.includes(typeof value === 'string' ? `'${value}'` : ` ${value}>`), `${name}: ${text}`);
  }
  await gdbus('call', vmPath, '--method', 'org.banger.VM1.Delete', '{}');
  await until('it is gone', async () => !(await objectPaths()).includes(vmPath));
  const { bus_address: address } = await home.daemon();
  const asked = [`--address=${address}`, 'get-property', service, vmPath, 'org.banger.VM1', 'Name'];
  assert.notEqual((await runProgram('busctl', asked)).status, 0);
  assert.deepEqual(await home.names(), []);
});

test('nothing is left', async () => {
  await home.close();
});

async function commitAllOf(repository: string): Promise<void> {
  await runProgram('cp', ['README.md', repository], { cwd: checkout });
  await commitAll(repository, 'first');
}
