import { open } from 'node:fs/promises';

/** What the superblock of an ext4 file system tells, see "The Super Block" in the kernel's documentation of ext4. */
export interface Superblock {
  /** The size of the file system, which may be less than that of its disk. */
  bytes: number;
  /** Whether the kernel found errors in it that nobody has mended yet. */
  hasErrors: boolean;
}

const superblockAt = 1024;
const superblockBytes = 1024;
const magic = 0xef53;
const errorState = 0x2;
const feature64bit = 0x80;

/** Reads the superblock of a disk. @returns nothing if there is no ext4 file system on it */
export async function readSuperblock(path: string): Promise<Superblock | undefined> {
  const bytes = Buffer.alloc(superblockBytes);
  await using file = await open(path, 'r');
  const { bytesRead } = await file.read(bytes, 0, bytes.length, superblockAt);
  if (bytesRead < bytes.length || bytes.readUInt16LE(0x38) !== magic) return undefined;
  const blockBytes = 1024 * 2 ** bytes.readUInt32LE(0x18);
  const isWide = (bytes.readUInt32LE(0x60) & feature64bit) !== 0;
  const blocks = bytes.readUInt32LE(0x4) + (isWide ? bytes.readUInt32LE(0x150) * 2 ** 32 : 0);
  return { bytes: blocks * blockBytes, hasErrors: (bytes.readUInt16LE(0x3a) & errorState) !== 0 };
}
