import { fstatSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Directory } from './directory.ts';
import type { Location } from './locate.ts';
import { copyRefs } from './refs.ts';

const MiB = 1024 * 1024;
/** An index of some 2,000,000 files. */
const mostIndexBytes = 256 * MiB;
/** A split index names one shared one; others are left by git for two weeks. */
const sharedIndex = /^sharedindex\.[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** The other files that say something of the work tree, and their largest sizes in bytes. */
const ofWorkTree = {
  'info/sparse-checkout': 16 * MiB,
  MERGE_HEAD: MiB,
  MERGE_MSG: 16 * MiB,
  MERGE_MODE: MiB,
} as const;
const ofRepository = { 'info/exclude': 16 * MiB, shallow: 64 * MiB } as const;

/**
 * Copies what a repository knows, but for its objects and its configuration, into a new git directory of our own, which
 * git then reads in its place.
 * @throws UnsafeRepository for what is not as git makes it: links, pipes, files of others, or too large ones
 */
export function copyMetadata(location: Location, to: string, withLogs: boolean): void {
  const { git, common } = location;
  copyRefs(location, to, withLogs);
  for (const [path, most] of Object.entries(ofWorkTree)) copy(git, path, most, to);
  for (const [path, most] of Object.entries(ofRepository)) copy(common, path, most, to);
  copyIndex(git, 'index', to);
  for (const { name } of git.list()) if (sharedIndex.test(name)) copyIndex(git, name, to);
}

function copy(from: Directory, path: string, most: number, to: string): void {
  const contents = from.read(path, most);
  if (!contents) return;
  mkdirSync(dirname(join(to, path)), { recursive: true });
  writeFileSync(join(to, path), contents);
}

/** With its time: files that are as young may have changed without a trace in their own times. */
function copyIndex(from: Directory, name: string, to: string): void {
  const contents = from.read(name, mostIndexBytes);
  if (!contents) return;
  const mtime = from.open(name, (fd) => fstatSync(fd).mtimeMs) ?? 0;
  writeFileSync(join(to, name), contents);
  utimesSync(join(to, name), mtime / 1000, mtime / 1000);
}
