import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Directory } from './directory.ts';
import type { Location } from './locate.ts';
import { copyRefs } from './refs.ts';

const MiB = 1024 * 1024;
/** An index of some 2,000,000 files. */
const maxIndexBytes = 256 * MiB;
/** A split index holds the id of one shared index, by which that is named; others are left by git for two weeks. */
const prefix = 'sharedindex.';
const sharedIndex = /^sharedindex\.[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** The other files that say something of the work tree, and their largest sizes in bytes. */
const ofWorkTree = {
  'info/sparse-checkout': 16 * MiB,
  MERGE_HEAD: MiB,
  MERGE_MSG: 16 * MiB,
  MERGE_MODE: MiB,
} as const;
const ofRepository = {
  'info/exclude': 16 * MiB,
  'info/attributes': 16 * MiB,
  'info/grafts': 16 * MiB,
  shallow: 64 * MiB,
} as const;

/** What is copied beside the rest. */
export interface Extent {
  /** The reflogs, for revisions such as `main@{1}`. */
  logs: boolean;
}

/**
 * Copies what a repository knows, but for its objects and its configuration, into a new git directory of our own, which
 * git then reads in its place.
 * @throws UnsafeRepository for what is not as git makes it: links, pipes, files of others, or too large ones
 */
export function copyMetadata(location: Location, to: string, { logs }: Extent): void {
  const { git, common } = location;
  copyRefs(location, to, logs);
  for (const [path, most] of Object.entries(ofWorkTree)) copy(git, path, most, to);
  for (const [path, most] of Object.entries(ofRepository)) copy(common, path, most, to);
  // Git may look at it although nothing says that it is used.
  git.checkFile('config.worktree');
  const contents = copyIndex(git, 'index', to);
  const shared = git
    .list()
    .map(({ name }) => name)
    .find(
      (name) => sharedIndex.test(name) && contents?.includes(Buffer.from(name.slice(prefix.length), 'hex')),
    );
  if (shared !== undefined) copyIndex(git, shared, to);
}

function copy(from: Directory, path: string, most: number, to: string): void {
  const contents = from.read(path, most);
  if (!contents) return;
  mkdirSync(dirname(join(to, path)), { recursive: true });
  writeFileSync(join(to, path), contents);
}

/** With the time of these contents: files that are as young may have changed without a trace in their own times. */
function copyIndex(from: Directory, name: string, to: string): Buffer | undefined {
  const file = from.readWithTime(name, maxIndexBytes);
  if (!file) return undefined;
  writeFileSync(join(to, name), file.contents);
  utimesSync(join(to, name), file.mtimeMs / 1000, file.mtimeMs / 1000);
  return file.contents;
}
