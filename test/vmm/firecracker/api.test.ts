import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { definitions, minorVersions, operations } from '../../support/firecracker/api.ts';
import { ApiValidator } from '../../support/firecracker/validator.ts';

const drive = {
  drive_id: 'work',
  path_on_host: '/d',
  is_root_device: false,
  is_read_only: false,
  cache_type: 'Writeback',
};
const put = (path: string, body: unknown) => ({ method: 'PUT', path, body });

test('every definition of every version compiles, and every operation names its own', () => {
  for (const minor of minorVersions) {
    const known = definitions(minor);
    const used = operations
      .filter(({ since = 0 }) => since <= minor)
      .flatMap(({ body, reply }) => [body, reply]);
    const names = used.filter((name) => name !== undefined);
    for (const name of names) assert.ok(known[name], `${name} in 1.${minor}`);
    // Compiles the definition, which fails where it refers to what is not there.
    const validator = new ApiValidator(minor);
    for (const { method, path, body, since = 0 } of operations) {
      if (body && since <= minor) validator.request({ method, path: path.replace('{id}', 'a'), body: {} });
    }
  }
});

test('right requests are right in every version', () => {
  const right = [
    put('/machine-config', { vcpu_count: 3, mem_size_mib: 512 }),
    put('/drives/work', drive),
    put('/drives/seed', { ...drive, drive_id: 'seed', is_read_only: true, cache_type: 'Unsafe' }),
    put('/vsock', { guest_cid: 3, uds_path: '/v' }),
    { method: 'GET', path: '/' },
  ];
  for (const minor of minorVersions)
    for (const request of right) assert.deepEqual(new ApiValidator(minor).request(request), []);
});

test('wrong requests are told apart from right ones', () => {
  const { cache_type: _, ...uncached } = drive;
  const wrong: [ReturnType<typeof put> | { method: string; path: string; body?: unknown }, RegExp][] = [
    [put('/drives/work', { ...drive, path: '/d' }), /additional properties \(path\)/],
    [put('/drives/work', { ...drive, is_read_only: 'no' }), /is_read_only: must be boolean/],
    [put('/drives/work', uncached), /Writeback/],
    [put('/drives/work', { ...drive, cache_type: 'Unsafe' }), /Writeback/],
    [put('/drives/work', { ...drive, cache_type: 'None' }), /one of the allowed values/],
    [put('/drives/other', drive), /ids in path and body differ/],
    [put('/drives/a-b', { ...drive, drive_id: 'a-b' }), /no name for a device/],
    [put('/drives/work', undefined), /body is missing/],
    [put('/drives/work/more', drive), /there is no PUT/],
    [put('/machine-config', { vcpu_count: 33, mem_size_mib: 512 }), /<= 32/],
    [put('/machine-config', { vcpu_count: 1.5, mem_size_mib: 512 }), /integer/],
    [put('/machine-config', { vcpu_count: 2 }), /required property 'mem_size_mib'/],
    [put('/vsock', { guest_cid: 2, uds_path: '/v' }), />= 3/],
    [put('/actions', { action_type: 'Stop' }), /one of the allowed values/],
    [{ method: 'POST', path: '/actions', body: {} }, /there is no POST/],
    [{ method: 'GET', path: '/', body: {} }, /none belongs there/],
  ];
  const validator = new ApiValidator(17);
  for (const [request, why] of wrong) assert.match(validator.request(request).join('; '), why);
});

test('what a version does not have yet is refused', () => {
  const serial = put('/serial', { serial_out_path: '/s' });
  assert.match(new ApiValidator(13).request(serial).join(), /no PUT \/serial in version 1\.13/);
  assert.deepEqual(new ApiValidator(14).request(serial), []);
  const limited = put('/serial', { rate_limiter: { size: 1, refill_time: 1 } });
  assert.match(new ApiValidator(15).request(limited).join(), /rate_limiter/);
  assert.deepEqual(new ApiValidator(16).request(limited), []);
});

test('replies are held against their own shape', () => {
  const validator = new ApiValidator(8);
  const get = { method: 'GET', path: '/' };
  const info = { app_name: 'Firecracker', id: 'a', state: 'Running', vmm_version: '1.8.0' };
  assert.deepEqual(validator.reply(get, { status: 200, body: info }), []);
  assert.match(
    validator.reply(get, { status: 200, body: { ...info, state: 'Gone' } }).join(),
    /allowed values/,
  );
  assert.match(validator.reply(get, { status: 204 }).join(), /204 instead of 200/);
  assert.deepEqual(validator.reply(get, { status: 400, body: { fault_message: 'no' } }), []);
  assert.match(validator.reply(get, { status: 400, body: 'no' }).join(), /must be object/);
});

const described = process.env.BANGER_FIRECRACKER_API;
if (described !== undefined) {
  test(`the description is that of ${described}`, () => {
    const real = parse(readFileSync(described, 'utf8'));
    const minor = Number(/^1\.(\d+)\./.exec(real.info.version)?.[1]);
    assert.ok(minorVersions.includes(minor), `version ${real.info.version} is described`);
    for (const [name, ours] of Object.entries(definitions(minor)))
      assert.deepEqual(normal(ours), normal(real.definitions[name]), name);
    for (const { method, path, body, reply, since = 0 } of operations) {
      const theirs =
        real.paths[path.replace('{id}', path.startsWith('/drives') ? '{drive_id}' : '{iface_id}')];
      if (since > minor) {
        assert.equal(theirs, undefined, path);
        continue;
      }
      const operation = theirs[method.toLowerCase()];
      const parameter = operation.parameters?.find(({ in: place }: { in: string }) => place === 'body');
      assert.equal(parameter?.schema.$ref, body && `#/definitions/${body}`, `${method} ${path}`);
      const good = reply === undefined ? operation.responses[204] : operation.responses[200];
      assert.ok(good, `${method} ${path} has no such reply`);
      assert.equal(good.schema?.$ref, reply && `#/definitions/${reply}`, `${method} ${path}`);
      assert.equal(operation.responses.default.schema.$ref, '#/definitions/Error');
    }
  });
}

/** A definition without what says nothing of its values, in one order. */
function normal(definition: unknown): unknown {
  if (Array.isArray(definition)) return definition.map(normal).sort();
  if (typeof definition !== 'object' || definition === null) return definition;
  const told = [
    '$ref',
    'type',
    'enum',
    'minimum',
    'maximum',
    'required',
    'properties',
    'additionalProperties',
  ];
  const isEmpty = (value: unknown) => value === false || (Array.isArray(value) && value.length === 0);
  const kept = Object.entries(definition).filter(([key, value]) => told.includes(key) && !isEmpty(value));
  return Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      key === 'properties'
        ? Object.fromEntries(Object.entries(value).map(([name, shape]) => [name, normal(shape)]))
        : normal(value),
    ]),
  );
}
