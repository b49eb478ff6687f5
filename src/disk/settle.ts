import { stat, truncate } from 'node:fs/promises';
import { BangerError } from '../common/errors.ts';
import { execute, type Outcome } from '../common/exec.ts';
import { requirePrograms } from '../common/host-programs.ts';
import { getReason } from '../common/system-error.ts';
import { readSuperblock } from './ext4.ts';
import { asDiskFull } from './full.ts';
import { requireDiskSize, tooLarge } from './size.ts';

/**
 * A file system leaves out the end of its disk where that is too little for the tables of one more block group:
 * with the inodes that mkfs gives, less than this.
 */
const unusableRest = 8 * 1024 ** 2;
const timeoutMs = 5 * 60_000;
/** What flock(1) ends with when it cannot have the lock; no program here ends with it. */
const isLocked = 75;

/**
 * Makes a disk larger, and its file system with it; does nothing if it has that size. Only for a disk that
 * no guest uses. May be repeated after a kill: the file grows first, the file system whenever this is called.
 * @param bytes a multiple of 4096
 * @throws InvalidArgs if it would shrink, ImageDamaged if the file system cannot be mended, DiskFull
 */
export async function growDisk(path: string, bytes: number): Promise<void> {
  requireDiskSize(bytes);
  const { size } = await stat(path);
  if (bytes < size) {
    throw new BangerError(
      'InvalidArgs',
      `a disk of ${size} bytes cannot become ${bytes} bytes: disks only grow`,
    );
  }
  try {
    if (bytes > size) await truncate(path, bytes);
    // resize2fs insists on a check, which also replays a journal that a killed guest left.
    await repairDisk(path);
    const { status, stderr } = await alone(path, 'resize2fs', [path]);
    if (status !== 0) throw new BangerError('CommandFailed', `resize2fs failed: ${stderr.trim()}`);
  } catch (error) {
    throw tooLarge(error, path, bytes) ?? asDiskFull(error, path);
  }
}

/**
 * Makes a disk that no guest uses what it should be: as large as that, with its file system, and without errors
 * that a kernel has found, which a guest cannot mend on disks that it has mounted. Cheap where there is nothing
 * to do. A disk without an ext4 file system is the guest's own doing and stays as it is.
 * @throws what `growDisk` and `repairDisk` throw
 */
export async function settleDisk(path: string, bytes: number): Promise<void> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw new BangerError('ImageDamaged', `${path} cannot be used: ${getReason(error)}`);
  });
  await alone(path, 'true', []);
  const superblock = await readSuperblock(path);
  if (!superblock) return;
  const grows = size < bytes || superblock.bytes + unusableRest < bytes;
  if (grows) await growDisk(path, bytes);
  else if (superblock.hasErrors) await repairDisk(path);
}

/**
 * Checks a disk that no guest uses and mends what can be mended without losing data, as a guest that finds
 * its disk damaged cannot.
 * @returns whether anything was mended
 * @throws ImageDamaged if it takes a person to decide
 */
export async function repairDisk(path: string): Promise<boolean> {
  const { status, stdout, stderr } = await alone(path, 'e2fsck', ['-f', '-p', path]);
  // 1 and 2: errors were corrected (e2fsck(8)).
  if (status <= 2) return status !== 0;
  throw asDiskFull(
    new BangerError(
      'ImageDamaged',
      `the file system of ${path} is damaged (${(stdout + stderr).trim().split('\n').at(-1)})`,
      { remedy: `run \`e2fsck -f ${path}\`` },
    ),
    path,
  );
}

/**
 * Runs a program on a disk that is there, after any other that does so: one whose daemon was killed goes on. The
 * program holds the lock itself, until it ends.
 */
async function alone(
  path: string,
  file: 'true' | 'e2fsck' | 'resize2fs',
  args: readonly string[],
): Promise<Outcome> {
  // flock would say so as if the program itself had failed.
  if (file !== 'true') requirePrograms(file);
  const options = [
    '--no-fork',
    '--timeout',
    String(timeoutMs / 1000),
    '--conflict-exit-code',
    String(isLocked),
  ];
  const outcome = await execute({
    file: 'flock',
    args: [...options, path, file, ...args],
    timeoutMs: 2 * timeoutMs,
  });
  if (outcome.status !== isLocked) return outcome;
  throw new BangerError('Timeout', `a program that works on ${path} does not end`, {
    remedy: `see \`fuser -v ${path}\``,
  });
}
