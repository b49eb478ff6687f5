import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findWeaknesses, usableVersion, versionText } from '../../../src/vmm/firecracker/version.ts';
import { findFirecracker } from '../../../src/vmm/vmms.ts';

const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(directory, { recursive: true }));

let count = 0;
/** A program that does this when it is asked for its version. */
function binary(script: string, mode = 0o755): string {
  const path = join(directory, `firecracker-${count++}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
  return path;
}

test('a version is asked once, and one that is too old or none is refused', async () => {
  const asked = join(directory, 'asked');
  const good = binary(`echo >>${asked}; printf 'Firecracker v1.14.2\\n\\n'; echo "2026 [a:main] exiting"`);
  for (let time = 0; time < 2; time++) {
    assert.equal(versionText(await usableVersion(good, directory)), '1.14.2');
  }
  assert.equal(readFileSync(asked, 'utf8'), '\n');
  assert.deepEqual(await usableVersion(binary('echo Firecracker v1.8.0-dev'), directory), [1, 8, 0]);
  const refused: [string, RegExp][] = [
    [binary('echo Firecracker v1.7.0'), /is Firecracker 1\.7\.0, which is too old; install 1\.8\.0 or later/],
    [binary('echo Firecracker v1.14'), /does not report its version: Firecracker v1\.14; /],
    [binary('echo Firecracker v1.14.2; echo "\u001b[31mno" >&2; exit 3'), /version: \ufffd\[31mno; /],
    [binary('kill -SEGV $$'), /does not report its version; /],
    [binary('echo', 0o644), /cannot be run: .*EACCES/],
    [join(directory, 'absent'), /is not installed/],
  ];
  for (const [path, message] of refused) {
    await assert.rejects(usableVersion(path, directory), { code: 'HostNotReady', message });
  }
});

test('a Firecracker that is missing or not executable is reported', () => {
  for (const path of [join(directory, 'absent'), binary('true', 0o644)]) {
    assert.throws(() => findFirecracker(path), {
      code: 'HostNotReady',
      message: /not installed or not exec/,
    });
  }
});

test('the weaknesses of a version are reported up to the version that fixes them', () => {
  const ids = (text: string) => {
    const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
    return findWeaknesses([major, minor, patch]).map(({ id }) => id.slice(-4));
  };
  const expected = {
    '1.8.0': ['1386'],
    '1.13.1': ['5747', '1386'],
    '1.13.2': ['5747'],
    '1.14.0': ['5747', '1386'],
    '1.14.3': ['5747'],
    '1.14.4': [],
    '1.15.0': ['5747'],
    '1.15.1': [],
    '1.16.1': [],
  };
  for (const [version, known] of Object.entries(expected)) assert.deepEqual(ids(version), known, version);
});
