/**
 * A VM's whole life in Firecracker's double: what is asked of Firecracker is recorded and held against its API. Which
 * guest tests run in it besides, scripts/test.ts says.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { minorVersions } from '../support/firecracker/api.ts';
import { type Recorded, readRecord, writeDouble } from '../support/firecracker/launcher.ts';
import { ApiValidator } from '../support/firecracker/validator.ts';
import { openGuestHome } from '../support/guest-home.ts';
import { until } from '../support/program.ts';

const directory = mkdtempSync('/tmp/bf-');
after(() => rmSync(directory, { recursive: true }));
const record = join(directory, 'record');
const bin = writeDouble(directory, { record });
const home = await openGuestHome({ vmm: 'firecracker', bin });
const validators = minorVersions.map((minor) => new ApiValidator(minor));
let recorded: Recorded[] = [];

test('a VM is created, started, set, stopped, rebooted by its guest, powered off by it and deleted', async () => {
  await home.create('fire', '--vcpu', '2', '--memory', '512M', '--disk-size', '1G');
  assert.equal((await home.show('fire')).vmm, 'firecracker');
  await home.systemIsRunning('fire');
  assert.equal(await home.script('fire', 'nproc'), '2');
  await home.banger('vm', 'set', 'fire', '--disk-size', '2G');
  const size = await home.script('fire', 'df --output=size -BM /root | tail -n 1');
  assert.ok(Number.parseInt(size, 10) > 1_900, size);
  await home.script('fire', 'echo kept >/root/kept');
  await home.banger('vm', 'stop', 'fire');
  // A VM keeps its VMM: what is configured now is for those that are made from now on.
  writeFileSync(home.configFile, `vmm = "qemu"\nfirecracker_bin = "${bin}"\n`);
  await home.banger('vm', 'start', 'fire');
  assert.equal((await home.show('fire')).vmm, 'firecracker');
  assert.equal(await home.script('fire', 'cat /root/kept'), 'kept');
  // Both end Firecracker in the same way.
  const boot = () => home.script('fire', 'cat /proc/sys/kernel/random/boot_id');
  const before = await boot();
  await home.run(['vm', 'exec', 'fire', '--', 'reboot']);
  await until('it is going down', async () => (await home.show('fire')).state !== 'running', 60_000);
  await until('it runs again', async () => (await home.show('fire')).state === 'running', 120_000);
  assert.notEqual(await boot(), before);
  await home.run(['vm', 'exec', 'fire', '--', 'poweroff']);
  await until('it is off', async () => (await home.show('fire')).state !== 'running', 60_000);
  const { state, last_error: error } = await home.show('fire');
  assert.deepEqual([state, error], ['stopped', '']);
  await home.banger('vm', 'delete', '--force', '--yes', 'fire');
  recorded = readRecord(record);
});

test('every request was right, in every supported version, and every reply was understood', (t) => {
  const kinds = new Set(recorded.map(({ request }) => `${request.method} ${request.path}`));
  for (const kind of [
    'GET /',
    'PUT /machine-config',
    'PUT /boot-source',
    'PUT /vsock',
    'PATCH /drives/drive2',
  ])
    assert.ok(kinds.has(kind), `${kind} was asked`);
  assert.equal(actions('InstanceStart'), 3);
  const wrong = recorded.flatMap(({ request, reply }) =>
    validators.flatMap((validator) => [...validator.request(request), ...validator.reply(request, reply)]),
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    recorded.filter(({ reply }) => reply.status >= 400),
    [],
  );
  t.diagnostic(`${recorded.length} requests and as many replies validated, 0 failures`);
});

test('the same requests with a fault in any field are all found out', (t) => {
  const mutants = recorded.flatMap(({ request: { body, ...request } }) =>
    typeof body === 'object' && body !== null
      ? mutationsOf({ ...body }).map((mutated) => ({ ...request, body: mutated }))
      : [],
  );
  const passed = mutants.filter((request) =>
    validators.some((validator) => validator.request(request).length === 0),
  );
  assert.deepEqual(passed, []);
  assert.ok(mutants.length > 100, `${mutants.length} mutations`);
  t.diagnostic(`${mutants.length} mutations, all found out`);
});

test('nothing is left', async () => {
  await home.close();
});

/** A body with each of its fields renamed, of another type and, where it must not be missing, missing. */
function mutationsOf(body: Record<string, unknown>): Record<string, unknown>[] {
  return Object.entries(body).flatMap(([name, value]) => {
    const { [name]: _, ...others } = body;
    const other = typeof value === 'string' ? 1 : String(value);
    const mayMiss =
      ['initrd_path', 'boot_args', 'guest_mac'].includes(name) ||
      (name === 'path_on_host' && !('is_root_device' in body));
    return [{ ...others, [`${name}_`]: value }, { ...others, [name]: other }, ...(mayMiss ? [] : [others])];
  });
}

function actions(type: string): number {
  const bodies = recorded.map(({ request }) => ({ ...(request.body as object | undefined) }));
  return bodies.filter((body) => 'action_type' in body && body.action_type === type).length;
}
