import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { type TarEntry, writeTar } from '../../src/tar/write.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const bytes = Buffer.from([0x6e, 0xff, 0xfe, 0x0a, 0x65]);
const nested = Array.from({ length: 9 }, (_, index) => `${'d'.repeat(40)}${index}`);

/** One of everything, with names at and over the lengths that a header has room for. */
const entries: TarEntry[] = [
  { kind: 'directory', name: 'dir', mode: 0o750 },
  { kind: 'file', name: 'dir/empty', mode: 0o600, content: '' },
  { kind: 'file', name: 'dir/block', mode: 0o644, content: Buffer.alloc(512, 1) },
  { kind: 'file', name: 'dir/more', mode: 0o755, content: Buffer.alloc(100_001, 2) },
  { kind: 'file', name: Buffer.concat([Buffer.from('dir/'), bytes]), mode: 0o600, content: 'raw' },
  { kind: 'file', name: 'a'.repeat(100), mode: 0o600, content: '100' },
  { kind: 'file', name: 'b'.repeat(101), mode: 0o600, content: '101' },
  { kind: 'directory', name: 'e'.repeat(99), mode: 0o700 },
  { kind: 'directory', name: 'f'.repeat(100), mode: 0o700 },
  ...nested.map(
    (_, index): TarEntry => ({ kind: 'directory', name: nested.slice(0, index + 1).join('/'), mode: 0o755 }),
  ),
  { kind: 'file', name: `${nested.join('/')}/deep`, mode: 0o600, content: 'deep' },
  { kind: 'symlink', name: 'link', mode: 0o777, target: bytes },
  { kind: 'symlink', name: 'c'.repeat(150), mode: 0o777, target: `/${'t'.repeat(3000)}` },
];

async function archiveOf(directory: string, content: Iterable<TarEntry>): Promise<string> {
  const path = join(directory, 'archive.tar');
  await using file = await open(path, 'w');
  const length = await writeTar(file, content);
  assert.equal(statSync(path).size, length);
  assert.equal(length % 10_240, 0);
  return path;
}

for (const program of [['tar'], ['busybox', 'tar']]) {
  test(`${program.join(' ')} reads what was written, byte for byte`, async (t) => {
    const directory = temporaryDirectory(t);
    const path = await archiveOf(directory, entries);
    const out = join(directory, 'out');
    mkdirSync(out);
    const [file = '', ...args] = program;
    await run({ file, args: [...args, '-x', '-p', '-f', path, '-C', out], timeoutMs: 20_000 });
    for (const entry of entries) {
      const at = Buffer.concat([Buffer.from(`${out}/`), Buffer.from(entry.name)]);
      if (entry.kind === 'symlink') assert.deepEqual(readlinkSync(at, 'buffer'), Buffer.from(entry.target));
      else assert.equal(statSync(at).mode & 0o7777, entry.mode, String(entry.name));
      if (entry.kind === 'file') assert.deepEqual(readFileSync(at), Buffer.from(entry.content));
    }
    assert.equal(readdirSync(out, { recursive: true }).length, entries.length);
  });
}

test('an archive of nothing is one, and the same entries give the same bytes', async (t) => {
  const directory = temporaryDirectory(t);
  assert.ok(readFileSync(await archiveOf(directory, [])).equals(Buffer.alloc(10_240)));
  const first = readFileSync(await archiveOf(directory, entries));
  assert.ok(readFileSync(await archiveOf(directory, entries)).equals(first));
});

test('what no archive can hold is refused', async (t) => {
  const directory = temporaryDirectory(t);
  const wrong: TarEntry = { kind: 'directory', name: 'a\0b', mode: 0o755 };
  await assert.rejects(archiveOf(directory, [wrong]), RangeError);
});
