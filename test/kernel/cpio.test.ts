import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { cpio } from '../../src/kernel/cpio.ts';

test('cpio(1) reads the archive, and a second one joined to it', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'banger-cpio-'));
  t.after(() => rm(directory, { recursive: true }));
  const archive = Buffer.concat([
    cpio([
      { name: 'dir', mode: 0o040755 },
      { name: 'dir/odd', mode: 0o100640, data: Buffer.from('12345') },
      { name: 'dir/link', mode: 0o120777, data: Buffer.from('odd') },
      { name: 'dir/console', mode: 0o020600, device: { major: 5, minor: 1 } },
    ]),
    cpio([{ name: 'second', mode: 0o100755, data: Buffer.alloc(3, 1) }]),
  ]);
  assert.equal(archive.length % 4, 0);
  const first = await run({ file: 'cpio', args: ['-itv'], input: archive, timeoutMs: 10_000 });
  assert.match(first, /^drwxr-xr-x .* dir$/m);
  assert.match(first, /^-rw-r----- .* 5 .* dir\/odd$/m);
  assert.match(first, /^lrwxrwxrwx .* dir\/link -> odd$/m);
  assert.match(first, /^crw------- .* 5, +1 .* dir\/console$/m);
  const second = archive.subarray(archive.indexOf('TRAILER!!!'));
  const rest = second.subarray(second.indexOf('070701'));
  await run({
    file: 'cpio',
    args: ['-i', '--quiet', '-D', directory],
    input: rest,
    timeoutMs: 10_000,
  });
  assert.deepEqual(await readFile(join(directory, 'second')), Buffer.alloc(3, 1));
  assert.equal((await stat(join(directory, 'second'))).mode & 0o777, 0o755);
});

test('the same entries give the same bytes', () => {
  const make = () => cpio([{ name: 'a', mode: 0o100644, data: Buffer.from('x') }]);
  assert.deepEqual(make(), make());
});

test('names that climb, repeat or end the archive are refused', () => {
  for (const name of ['../a', '/a', 'a//b', './a', 'a/..', '', 'a\0b', 'TRAILER!!!']) {
    assert.throws(() => cpio([{ name, mode: 0o100644 }]), RangeError, JSON.stringify(name));
  }
  const twice = { name: 'a', mode: 0o100644 };
  assert.throws(() => cpio([twice, twice]), RangeError);
});
