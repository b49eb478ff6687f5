/** Every request that the driver can make is held against every version of the API, and so are drivers with faults. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { bootRequests, rescanRequest } from '../../../src/vmm/firecracker/requests.ts';
import type { MachineSpec } from '../../../src/vmm/machine.ts';
import { minorVersions } from '../../support/firecracker/api.ts';
import { ApiValidator } from '../../support/firecracker/validator.ts';
import { spec } from '../spec.ts';

type Driver = { bootRequests: typeof bootRequests; rescanRequest: typeof rescanRequest };

const drives = [
  { path: '/d/base', readonly: true },
  { path: '/d/system', readonly: false },
];
const specs: MachineSpec[] = [spec({ drives }), spec({ drives, vcpus: 1 }), spec({ drives: [], vcpus: 32 })];
const source = join(import.meta.dirname, '../../../src/vmm/firecracker/requests.ts');
/** Where drivers with a fault are put. */
const mutants = join(import.meta.dirname, '../../../build/test/mutants');
after(() => rmSync(mutants, { recursive: true, force: true }));

/** What is wrong with any request of a driver, in any supported version; and how many requests there were. */
function hold(driver: Driver): { count: number; wrong: string[] } {
  const requests = specs.flatMap((each) => [
    ...driver.bootRequests(each),
    driver.rescanRequest(1, '/d/system'),
  ]);
  const wrong = minorVersions.flatMap((minor) => {
    const validator = new ApiValidator(minor);
    return requests.flatMap((request) => validator.request(request).map((what) => `1.${minor}: ${what}`));
  });
  return { count: requests.length * minorVersions.length, wrong };
}

test('all requests of the driver are right in all supported versions', (t) => {
  const { count, wrong } = hold({ bootRequests, rescanRequest });
  assert.deepEqual(wrong, []);
  assert.ok(count > 200);
  t.diagnostic(`${count} requests validated, 0 failures`);
});

/** Faults that somebody might put into the driver: what is replaced in its source by what. */
const faults: readonly [name: string, from: string, to: string][] = [
  ['a field renamed', 'is_read_only:', 'read_only:'],
  ['a field in the style of the code', 'guest_mac:', 'guestMac:'],
  ['a wrong type', 'is_read_only: readonly', 'is_read_only: String(readonly)'],
  ['another unit', 'spec.memoryBytes / mebibyte', 'String(spec.memoryBytes / mebibyte)'],
  ['no cache_type on a writable drive', "...(!readonly && { cache_type: 'Writeback' }),", ''],
  ['the default cache_type', "'Writeback'", "'Unsafe'"],
  ['a required field missing', 'is_root_device: false,', ''],
  ['another path', "'/boot-source'", "'/bootsource'"],
  ['another id in the path than in the body', "'/network-interfaces/net'", "'/network-interfaces/eth0'"],
  ['an id of a form that is refused', '`drive$', '`drive-$'],
  ['another method', "method: 'PATCH'", "method: 'PUT'"],
  ['an action that there is not', "'InstanceStart'", "'Start'"],
  ['an address that belongs to the host', 'const guestCid = 3', 'const guestCid = 2'],
];

for (const [index, [name, from, to]] of faults.entries()) {
  test(`a driver with this fault is found out: ${name}`, async () => {
    const text = readFileSync(source, 'utf8');
    assert.ok(text.includes(from), `the driver has no ${from}`);
    const folder = dirname(source);
    const changed = text
      .replace(from, to)
      .replaceAll(/from '(\.[^']+)'/g, (_, path: string) => `from '${join(folder, path)}'`);
    mkdirSync(mutants, { recursive: true });
    const file = join(mutants, `${index}.ts`);
    writeFileSync(file, changed);
    assert.notDeepEqual(hold(await import(file)).wrong, []);
  });
}
