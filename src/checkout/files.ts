import type { BigIntStats } from 'node:fs';
import { BangerError } from '../common/errors.ts';
import { type Git, splitNul } from './git.ts';
import type { FileStat, IndexEntry } from './git-index.ts';
import { WorkTree } from './work-tree.ts';

/** A file or link of the work tree. */
export interface WorkFile {
  path: Buffer;
  size: number;
  /** Its entry's number in the index; none for a file that is untracked or in conflict. */
  entry: number | undefined;
  /** Whether git on the host knows without reading it that it is as in the index. */
  unchanged: boolean;
}

export interface WorkFiles {
  files: WorkFile[];
  /** Untracked repositories inside of this one, which are not copied; git does not look into them either. */
  nestedRepositories: string[];
}

/**
 * Lists what there is of the tracked files, and the untracked files that are not ignored.
 * @param git runs on the copy of the index and the work tree
 * @param indexTime when the index was written, in seconds: files of that second or later may have changed
 *   without a trace in their times
 * @throws NotSupported if there are submodules
 */
export async function listFiles(
  git: Git,
  root: string,
  entries: readonly IndexEntry[],
  indexTime: number,
): Promise<WorkFiles> {
  refuseSubmodules(entries);
  const untracked = splitNul(
    await git.run(['-c', 'core.excludesFile=/dev/null', 'ls-files', '-z', '--others', '--exclude-standard']),
  );
  const nestedRepositories = untracked.filter((path) => path.at(-1) === slash).map((path) => path.toString());
  const others = untracked.filter((path) => path.at(-1) !== slash);
  const candidates = [
    ...entries.flatMap((entry, number) => candidate(entries, entry, number)),
    ...others.map((path) => ({ path, number: undefined })),
  ];
  using tree = new WorkTree(root);
  const files: WorkFile[] = [];
  /** As young as the index, and of the same nanosecond as in it. */
  const young: WorkFile[] = [];
  for (const { path, number } of candidates) {
    const stat = tree.stat(path);
    if (!stat) continue;
    const entry = number === undefined ? undefined : entries[number];
    if (stat === 'unreadable') {
      // It is counted with what else cannot be read.
      files.push({ path, size: 0, entry: number, unchanged: false });
      continue;
    }
    const isSame = entry !== undefined && matches(entry, stat);
    const unchanged = isSame && entry.stat.mtime < indexTime;
    const file = { path, size: Number(stat.size), entry: number, unchanged };
    files.push(file);
    if (isSame && !unchanged && matchesExactly(entry, stat)) young.push(file);
  }
  await trustFiltered(git, young);
  return { files, nestedRepositories };
}

const slash = '/'.charCodeAt(0);

/** The versions of a conflict are one file, and git always compares its contents. */
function candidate(
  entries: readonly IndexEntry[],
  entry: IndexEntry,
  number: number,
): { path: Buffer; number: number | undefined }[] {
  if (entry.stage === 0) return [{ path: entry.path, number }];
  return entries[number - 1]?.path.equals(entry.path) ? [] : [{ path: entry.path, number: undefined }];
}

/**
 * Takes files with a `filter` attribute for unchanged although they are as young as the index: git on the host compares
 * what the filter makes of them, and the guest has no filter. Other files are left to git in the guest.
 * @param files whose times are those of the index to the nanosecond
 */
async function trustFiltered(git: Git, files: readonly WorkFile[]): Promise<void> {
  if (files.length === 0) return;
  const paths = Buffer.concat(files.flatMap(({ path }) => [path, Buffer.of(0)]));
  const records = splitNul(await git.run(['check-attr', '-z', '--stdin', 'filter'], paths));
  files.forEach((file, number) => {
    // Each record is a path, the attribute and its value.
    const value = records[number * 3 + 2]?.toString('latin1') ?? 'unspecified';
    file.unchanged = !['unspecified', 'unset'].includes(value);
  });
}

/** Compares what git remembers of a file with what it is now, in whole seconds as git does. */
function matches(entry: IndexEntry, stat: BigIntStats): boolean {
  const now = statOf(stat);
  const fields = ['mtime', 'ctime', 'ino', 'uid', 'gid', 'size'] as const;
  return (
    fields.every((field) => entry.stat[field] === now[field]) &&
    // Git keeps 0 for "unknown", which an empty file's size cannot be told from.
    entry.stat.mtime !== 0 &&
    (entry.mode === 0o120000) === stat.isSymbolicLink() &&
    (stat.isSymbolicLink() || (entry.mode === 0o100755) === ((stat.mode & 0o100n) !== 0n))
  );
}

function matchesExactly({ nanoseconds }: IndexEntry, { mtimeNs, ctimeNs }: BigIntStats): boolean {
  const rest = (time: bigint) => Number(time % 1_000_000_000n);
  return nanoseconds.mtime === rest(mtimeNs) && nanoseconds.ctime === rest(ctimeNs);
}

function statOf(stat: BigIntStats): FileStat {
  const low = (value: bigint) => Number(BigInt.asUintN(32, value));
  return {
    ctime: low(stat.ctimeNs / 1_000_000_000n),
    mtime: low(stat.mtimeNs / 1_000_000_000n),
    dev: low(stat.dev),
    ino: low(stat.ino),
    uid: low(stat.uid),
    gid: low(stat.gid),
    size: low(stat.size),
  };
}

/** Refuses an index with commits of other repositories. @throws NotSupported */
export function refuseSubmodules(entries: readonly IndexEntry[]): void {
  const submodule = entries.find((entry) => entry.mode === 0o160000);
  if (submodule) {
    throw new BangerError(
      'NotSupported',
      `the repository has submodules (${JSON.stringify(submodule.path.toString())}), which cannot be copied`,
      {
        remedy:
          'copy it as files with `banger vm cp`, or clone it inside the guest with `git clone --recurse-submodules`',
      },
    );
  }
}
