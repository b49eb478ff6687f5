import { BangerError, getSystemCode } from '../common/errors.ts';

/** ext4 takes less, but then there is no room for anything. */
const smallestDisk = 64 * 1024 ** 2;
/** The most that a file of the host's ext4 holds; elsewhere mkfs would fill the host before it found out. */
const maxDisk = 16 * 1024 ** 4;
const block = 4096;

/** @throws InvalidArgs if a disk cannot have this size */
export function requireDiskSize(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < smallestDisk || bytes > maxDisk || bytes % block !== 0) {
    throw new BangerError(
      'InvalidArgs',
      `${bytes} bytes cannot be the size of a disk: give a multiple of ${block}, from 64 MiB to 16 TiB`,
    );
  }
}

/** The error for a write that the host's file system refused for the size of the file; nothing for any other. */
export function tooLarge(error: unknown, path: string, bytes: number): BangerError | undefined {
  if (getSystemCode(error) !== 'EFBIG' && getSystemCode(error) !== 'EINVAL') return undefined;
  return new BangerError('InvalidArgs', `the file system of ${path} has no files of ${bytes} bytes`, {
    cause: error,
  });
}
