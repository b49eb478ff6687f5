import { BangerError, getSystemCode } from '../common/errors.ts';

/** What programs say of it; mkfs.ext4 tells a write that was cut short without its cause. */
const fullDisk = /No space left on device|Disk quota exceeded|resulted in short write/;

/** The error named DiskFull if it tells of a full file system, whoever met it; otherwise as it is. */
export function asDiskFull(error: unknown, path: string): unknown {
  const said = error instanceof BangerError && error.code === 'CommandFailed' ? error.message : '';
  const code = getSystemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || fullDisk.test(said)) {
    return new BangerError('DiskFull', `the file system of ${path} is full`, {
      remedy: 'free some space there',
      cause: error,
    });
  }
  return error;
}
