/** A file of an initial RAM file system. */
export interface CpioEntry {
  /** Relative path without `.` and `..`; parents come before what is in them. */
  name: string;
  /** File type and permissions as in stat(2), such as 0o100755. */
  mode: number;
  /** What a regular file holds, or where a symbolic link points. */
  data?: Buffer;
  /** Device numbers of a character or block device. */
  device?: { major: number; minor: number };
}

/**
 * Makes a cpio archive of the "newc" kind, after the kernel's early-userspace/buffer-format. Archives may be
 * joined end to end, and a later file replaces an earlier one of the same name. The same entries always give
 * the same bytes.
 * @throws RangeError for a name that is not relative, repeats or climbs
 */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const names = new Set<string>();
  const parts: Buffer[] = [];
  for (const [index, entry] of entries.entries()) {
    checkName(entry.name);
    if (names.has(entry.name)) throw new RangeError(`cpio entry ${entry.name} is there twice`);
    names.add(entry.name);
    parts.push(...record(entry, index + 1));
  }
  parts.push(...record({ name: 'TRAILER!!!', mode: 0 }, 0));
  return padded(Buffer.concat(parts), 512);
}

function record(entry: CpioEntry, inode: number): Buffer[] {
  const data = entry.data ?? Buffer.alloc(0);
  const name = Buffer.from(`${entry.name}\0`);
  const fields = [
    inode,
    entry.mode,
    0, // uid
    0, // gid
    1, // links
    0, // modification time
    data.length,
    0, // device the file is on
    0,
    entry.device?.major ?? 0,
    entry.device?.minor ?? 0,
    name.length,
    0, // checksum, unused in this kind
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.concat([Buffer.from(header), name]), 4), padded(data, 4)];
}

function padded(data: Buffer, alignment: number): Buffer {
  const rest = data.length % alignment;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(alignment - rest)]);
}

function checkName(name: string): void {
  const climbs = name.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (climbs || name.includes('\0') || name === 'TRAILER!!!') {
    throw new RangeError(`${JSON.stringify(name)} cannot be the name of a cpio entry`);
  }
}
