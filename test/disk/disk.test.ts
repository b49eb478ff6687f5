import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute, run } from '../../src/common/exec.ts';
import { readSuperblock } from '../../src/disk/ext4.ts';
import { copyDisk, makeDisk } from '../../src/disk/make.ts';
import { growDisk, repairDisk, settleDisk } from '../../src/disk/settle.ts';

const MiB = 1024 * 1024;

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'banger-disks-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

async function superblock(path: string): Promise<{ bytes: number; label: string }> {
  const text = await run({ file: 'dumpe2fs', args: ['-h', path], timeoutMs: 10_000 });
  const field = (name: string) => new RegExp(`^${name}: +(.*)$`, 'm').exec(text)?.[1] ?? '';
  return {
    bytes: Number(field('Block count')) * Number(field('Block size')),
    label: field('Filesystem volume name'),
  };
}

async function isClean(path: string): Promise<boolean> {
  return (await execute({ file: 'e2fsck', args: ['-fn', path], timeoutMs: 60_000 })).status === 0;
}

test('a disk is sparse, private, labelled and sound', async (t) => {
  const path = join(await scratch(t), 'new', 'disk');
  await makeDisk(path, 8192 * MiB, 'banger-work');
  const { size, blocks, mode } = await stat(path);
  assert.equal(size, 8192 * MiB);
  assert.ok(blocks * 512 < 16 * MiB, `${blocks * 512} bytes are allocated`);
  assert.equal(mode & 0o777, 0o600);
  assert.deepEqual(await superblock(path), { bytes: 8192 * MiB, label: 'banger-work' });
  assert.ok(await isClean(path));
});

test('a disk is never made over another, and a failure leaves nothing', async (t) => {
  const directory = await scratch(t);
  const path = join(directory, 'disk');
  await writeFile(path, 'somebody’s data');
  await assert.rejects(makeDisk(path, 64 * MiB, 'x'), { code: 'AlreadyExists' });
  const label = 'a label that is longer than ext4 allows\0';
  await assert.rejects(makeDisk(join(directory, 'other'), 64 * MiB, label));
  assert.deepEqual(await readdir(directory), ['disk']);
});

test('sizes that are no disk are refused', async () => {
  for (const bytes of [0, -1, 1.5, Number.NaN, 63 * MiB, 64 * MiB + 1, 2 ** 52]) {
    await assert.rejects(makeDisk('/nonexistent/disk', bytes, 'x'), { code: 'InvalidArgs' }, String(bytes));
  }
});

test('a disk grows with its file system, also when the first attempt was cut off', async (t) => {
  const path = join(await scratch(t), 'disk');
  await makeDisk(path, 64 * MiB, 'x');
  await growDisk(path, 256 * MiB);
  assert.equal((await superblock(path)).bytes, 256 * MiB);
  await truncate(path, 512 * MiB);
  await growDisk(path, 512 * MiB);
  assert.equal((await superblock(path)).bytes, 512 * MiB);
  assert.ok(await isClean(path));
  await assert.rejects(growDisk(path, 256 * MiB), { code: 'InvalidArgs', message: /only grow/ });
});

test('a superblock tells what dumpe2fs does, and what is none is none', async (t) => {
  const directory = await scratch(t);
  // mkfs gives small file systems other blocks.
  for (const bytes of [64 * MiB, 8192 * MiB]) {
    const path = join(directory, String(bytes));
    await makeDisk(path, bytes, 'x');
    assert.deepEqual(await readSuperblock(path), { bytes, hasErrors: false });
  }
  const path = join(directory, 'other');
  await writeFile(path, '');
  assert.equal(await readSuperblock(path), undefined);
  await writeFile(path, Buffer.alloc(4096, 'x'));
  assert.equal(await readSuperblock(path), undefined);
});

test('a disk is settled: what was cut off is finished, errors mended, anything else left alone', async (t) => {
  const path = join(await scratch(t), 'disk');
  await makeDisk(path, 64 * MiB, 'x');
  await settleDisk(path, 256 * MiB);
  assert.equal((await superblock(path)).bytes, 256 * MiB);
  // A daemon that was killed between the file and its file system.
  await truncate(path, 512 * MiB);
  await settleDisk(path, 512 * MiB);
  assert.equal((await superblock(path)).bytes, 512 * MiB);
  // One more megabyte is too little for a block group, which must not cost a check at every start.
  await settleDisk(path, 513 * MiB);
  const { mtimeMs } = await stat(path);
  await settleDisk(path, 513 * MiB);
  await settleDisk(path, 64 * MiB);
  assert.equal((await stat(path)).mtimeMs, mtimeMs);
  await run({ file: 'debugfs', args: ['-w', '-R', 'set_super_value state 2', path], timeoutMs: 10_000 });
  assert.equal((await readSuperblock(path))?.hasErrors, true);
  await settleDisk(path, 513 * MiB);
  assert.deepEqual(await readSuperblock(path), { ...(await readSuperblock(path)), hasErrors: false });
  assert.ok(await isClean(path));
  await writeFile(path, 'the guest made something else of it');
  await settleDisk(path, 1024 * MiB);
  assert.equal((await stat(path)).size, 35);
});

test('a disk that another program works on is left alone until that ends', async (t) => {
  const path = join(await scratch(t), 'disk');
  await makeDisk(path, 64 * MiB, 'x');
  const other = spawn('flock', ['--no-fork', path, 'sh', '-c', 'echo locked; read -r _'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  let done = false;
  const settling = settleDisk(path, 256 * MiB).then(() => {
    done = true;
  });
  await sleep(300);
  assert.equal(done, false);
  assert.equal((await stat(path)).size, 64 * MiB);
  other.stdin.end('\n');
  await settling;
  assert.equal((await superblock(path)).bytes, 256 * MiB);
  await assert.rejects(settleDisk(`${path}.absent`, 256 * MiB), {
    code: 'ImageDamaged',
    message: /cannot be used/,
  });
  await assert.rejects(stat(`${path}.absent`));
});

test('damage is mended or named', async (t) => {
  const path = join(await scratch(t), 'disk');
  await makeDisk(path, 64 * MiB, 'x');
  assert.equal(await repairDisk(path), false);
  await run({
    file: 'debugfs',
    args: ['-w', '-R', 'set_super_value free_blocks_count 1', path],
    timeoutMs: 10_000,
  });
  assert.equal(await repairDisk(path), true);
  assert.ok(await isClean(path));
  {
    await using file = await open(path, 'r+');
    await file.write(Buffer.alloc(MiB), 0, MiB, 0);
  }
  await assert.rejects(repairDisk(path), { code: 'ImageDamaged', message: /e2fsck/ });
});

test('a copy keeps the holes and is the same', async (t) => {
  const directory = await scratch(t);
  const [from, to] = [join(directory, 'from'), join(directory, 'to')];
  await makeDisk(from, 128 * MiB, 'x');
  await copyDisk(from, to, new AbortController().signal);
  assert.ok((await stat(to)).blocks * 512 < 16 * MiB);
  await run({ file: 'cmp', args: [from, to], timeoutMs: 60_000 });
  await assert.rejects(
    copyDisk(join(directory, 'absent'), join(directory, 'c'), new AbortController().signal),
  );
  const aborted = AbortSignal.abort();
  await assert.rejects(copyDisk(from, join(directory, 'c'), aborted), { code: 'Cancelled' });
  assert.deepEqual((await readdir(directory)).sort(), ['from', 'to']);
});

test('a full file system is named', async (t) => {
  const directory = await scratch(t);
  const small = join(directory, 'small');
  await mkdir(small);
  // In a mount namespace of its own, which ends with the process.
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
  const program = `
    import { makeDisk } from '${import.meta.resolve('../../src/disk/make.ts')}';
    import { readdirSync } from 'node:fs';
    const error = await makeDisk(process.argv[1] + '/disk', 8192 * 1024 * 1024, 'x').catch((error) => error);
    console.log(error.code, readdirSync(process.argv[1]).length);`;
  const script = 'mount -t tmpfs -o size=512k none "$1" && exec "$2" --input-type=module -e "$3" "$1"';
  const output = await run({
    file: 'unshare',
    args: [...namespaces, 'sh', '-c', script, 'sh', small, process.execPath, program],
    timeoutMs: 30_000,
  });
  assert.equal(output.trim(), 'DiskFull 0');
});
