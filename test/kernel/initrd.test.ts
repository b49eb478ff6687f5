import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cpio } from '../../src/kernel/cpio.ts';
import { composeInitrd } from '../../src/kernel/initrd.ts';

async function pieces(t: { after(fn: () => Promise<void>): void }) {
  const directory = await mkdtemp(join(tmpdir(), 'banger-initrd-'));
  t.after(() => rm(directory, { recursive: true }));
  const [kernel, guest, cache] = ['kernel', 'guest', 'cache'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(kernel);
  await mkdir(guest);
  await writeFile(join(kernel, 'initrd.cpio'), cpio([{ name: 'bin', mode: 0o040755 }]));
  for (const piece of ['init', 'banger-init', 'agent', 'run', 'sync'])
    await writeFile(join(guest, piece), piece);
  return { kernel, guest, cache };
}

test('the joined initrd is cached by what is in it', async (t) => {
  const { kernel, guest, cache } = await pieces(t);
  const path = await composeInitrd(kernel, guest, cache);
  const joined = await readFile(path);
  assert.deepEqual(joined.subarray(0, 512), await readFile(join(kernel, 'initrd.cpio')));
  const names = ['init', 'banger/banger-init', 'banger/agent', 'banger/run', 'banger/sync'];
  for (const name of names) assert.ok(joined.includes(`${name}\0`));
  const { mtimeMs } = await stat(path);
  assert.equal(await composeInitrd(kernel, guest, cache), path);
  assert.equal((await stat(path)).mtimeMs, mtimeMs);

  await writeFile(join(guest, 'agent'), 'a new one');
  const [again, ...others] = await Promise.all([1, 2, 3].map(() => composeInitrd(kernel, guest, cache)));
  assert.notEqual(again, path);
  assert.deepEqual(others, [again, again]);
  assert.equal((await readdir(cache)).length, 2);
});

test('what is missing is named', async (t) => {
  const { kernel, guest, cache } = await pieces(t);
  await rm(join(guest, 'agent'));
  await assert.rejects(composeInitrd(kernel, guest, cache), { code: 'HostNotReady', message: /agent/ });
  await rm(join(kernel, 'initrd.cpio'));
  await assert.rejects(composeInitrd(kernel, guest, cache), {
    code: 'ImageDamaged',
    message: /initrd\.cpio/,
  });
});
