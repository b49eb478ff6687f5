import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { run } from '../common/exec.ts';
import { asDiskFull } from './full.ts';
import { requireDiskSize, tooLarge } from './size.ts';

const timeoutMs = 5 * 60_000;

/**
 * Makes a disk with an empty ext4 file system. It is sparse: 8 GiB take about 4 MiB of the host, and what
 * mkfs would write in the background later is zero already. The disk is whole or not there.
 * @param bytes a multiple of 4096, from 64 MiB to 16 TiB
 * @param label at most 16 bytes
 * @throws InvalidArgs, AlreadyExists, DiskFull, HostNotReady
 */
export async function makeDisk(path: string, bytes: number, label: string): Promise<void> {
  requireDiskSize(bytes);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (await sizeIfThere(path)) throw new BangerError('AlreadyExists', `there is a disk at ${path} already`);
  const temporary = `${path}.making-${randomBytes(4).toString('hex')}`;
  try {
    await using file = await open(temporary, 'wx', 0o600);
    await file.truncate(bytes);
    const extended = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard';
    await run({
      file: 'mkfs.ext4',
      args: ['-q', '-F', '-L', label, '-m', '1', '-e', 'remount-ro', '-E', extended, temporary],
      timeoutMs,
    });
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw tooLarge(error, path, bytes) ?? asDiskFull(error, path);
  }
}

/**
 * Copies a disk and keeps its holes; shares the blocks where the host's file system can. The copy is whole or
 * not there.
 * @throws DiskFull, Cancelled
 */
export async function copyDisk(from: string, to: string, signal: AbortSignal): Promise<void> {
  const temporary = `${to}.making-${randomBytes(4).toString('hex')}`;
  try {
    const args = ['--sparse=always', '--reflink=auto', '--', from, temporary];
    await run({ file: 'cp', args, timeoutMs: 60 * 60_000, signal });
    await using file = await open(temporary, 'r');
    await file.sync();
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFull(error, to);
  }
}

async function sizeIfThere(path: string): Promise<number | undefined> {
  return await stat(path).then(
    (found) => found.size,
    (error: unknown) => {
      if (getSystemCode(error) === 'ENOENT') return undefined;
      throw error;
    },
  );
}
