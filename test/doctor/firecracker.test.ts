import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { checkFirecracker } from '../../src/doctor/firecracker.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** What doctor says where the Firecracker that is configured is of a version; none at all where that is absent. */
async function found(t: TestContext, vmm: Config['vmm'], version?: string): Promise<string[]> {
  const directory = temporaryDirectory(t);
  const binary = join(directory, 'fc');
  if (version) {
    writeFileSync(binary, `#!/bin/sh\necho Firecracker v${version}\n`);
    chmodSync(binary, 0o755);
  }
  const findings = await checkFirecracker({ vmm, firecrackerBin: binary } as Config, directory);
  return findings.map(({ status, detail }) => `${status} ${detail.replace(binary, 'fc')}`);
}

test('doctor reports the Firecracker that is used, its version and its known weaknesses', async (t) => {
  const [one, ...known] = await found(t, 'firecracker', '1.14.0');
  assert.equal(one, 'pass fc is version 1.14.0; new VMs get firecracker, which vmm says');
  assert.deepEqual(
    known.map((text) => text.slice(0, 32)),
    ['warn 1.14.0 has CVE-2026-5747: r', 'warn 1.14.0 has CVE-2026-1386: i'],
  );
  assert.equal((await found(t, 'auto', '1.16.1')).length, 1);
  assert.match((await found(t, 'auto', '1.7.0')).join(), /^warn fc is Firecracker 1\.7\.0, which is too old/);
  assert.match((await found(t, 'firecracker')).join(), /^fail fc is not installed or not executable/);
  assert.match((await found(t, 'auto')).join(), /^warn fc is not installed.*new VMs get QEMU$/);
});
