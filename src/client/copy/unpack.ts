import { mkdirSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { BangerError, getMessage, getSystemCode } from '../../common/errors.ts';
import { type Entry, readTar, TarError } from '../../tar/read.ts';
import type { Copy } from './copy.ts';
import type { Destination } from './destination.ts';
import { resolvePlace } from './names.ts';
import { arrivalName, type CopySource } from './place.ts';
import { writeInto } from './special.ts';
import { Tree } from './tree.ts';

/** Where one source goes: into a directory, which is made if it is missing, under a name; or into a device. */
export type Arrival = Destination | { kind: 'contents'; directory: string };

/**
 * Puts what a guest sends where it goes. What is wrong with one entry is reported.
 * @param voidName that of the entry by which the guest says that the one before never was in this state
 * @throws TarError, DiskFull, GuestFailed for what was not asked for
 */
export async function unpack(
  copy: Copy,
  source: CopySource,
  archive: Readable,
  target: Arrival,
  voidName: Buffer,
): Promise<void> {
  const asked = target.kind === 'contents' ? '.' : arrivalName(source);
  const arrival = target.kind === 'name' ? target.name : asked;
  let tree: Tree | undefined;
  let last = '';
  const settle = () => attempt(copy, last, () => tree?.settle());
  try {
    for await (const entry of readTar(archive)) {
      if (entry.name.equals(voidName)) {
        tree?.discard();
        continue;
      }
      const names = resolvePlace(entry.name, asked, arrival);
      const linked = entry.kind === 'link' ? resolvePlace(entry.linkName, asked, arrival) : undefined;
      if (target.kind === 'special') {
        // What is in a directory is none of it.
        if (names.length === 1) await writeInto(copy, target.path, entry);
        continue;
      }
      await settle();
      last = names.map((name) => name.toString()).join('/');
      const isNew = tree === undefined && makeMissing(target.directory);
      tree ??= new Tree(target.directory, copy.onBytes);
      if (isNew && names.length === 0) tree.adoptRoot(entry);
      // A source that is a link is followed in the guest.
      if (entry.kind === 'symlink' && names.length === 1 && target.kind === 'name')
        copy.problem(`${last}: the guest sent a symbolic link in its place`);
      else await writeOne(copy, tree, names, entry, linked);
    }
    await settle();
  } finally {
    try {
      tree?.finish();
    } catch (error) {
      copy.problem(`a directory did not get its mode: ${reasonOf(error)}`);
    }
    tree?.[Symbol.dispose]();
  }
}

async function writeOne(
  copy: Copy,
  tree: Tree,
  names: readonly Buffer[],
  entry: Entry,
  target: readonly Buffer[] | undefined,
): Promise<void> {
  const shown = () => names.map((name) => name.toString()).join('/');
  if (entry.kind === 'character' || entry.kind === 'block' || entry.kind === 'fifo') {
    copy.warn(`${shown()}: skipped, it is a special file`);
    return;
  }
  await attempt(copy, shown(), () => tree.write(names, entry, target));
}

/** Reports what goes wrong with one entry. @throws what goes wrong with all */
async function attempt(copy: Copy, shown: string, act: () => void | Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const isOfArchive =
      error instanceof TarError || (error instanceof BangerError && error.code === 'DiskFull');
    if (isOfArchive || copy.signal.aborted) throw error;
    copy.problem(`${shown}: ${reasonOf(error)}`);
  }
}

function makeMissing(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return true;
  } catch (error) {
    if (getSystemCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** What the system says of a file, without the path in /proc by which we addressed it. */
function reasonOf(error: unknown): string {
  return getMessage(error).replace(/, \w+ '[\s\S]*$/, '');
}
