import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import { removeTree } from '../common/remove-tree.ts';
import { asDiskFull } from '../disk/full.ts';
import type { Procedure } from '../work/steps.ts';
import type { Work } from '../work/work.ts';

/** What a directory that is being made is called until it is whole. */
export const unfinished = '.making-';
const scratchName = 'scratch';

/** Where images, or kernels, are kept: one directory for each, and the record of them. */
export interface Shelf<Manifest> {
  directory: string;
  record(manifest: Manifest): void;
  /** Takes a record back; does nothing if there is none. */
  forget(id: string): void;
}

/** An image or a kernel that is being made: filled under another name beside its place, and moved there when whole. */
export interface Making<Manifest> {
  readonly shelf: Shelf<Manifest>;
  /** `[a-z][a-z0-9]{11}` */
  readonly id: string;
  /** What is to be filled. */
  readonly directory: string;
  /** In it, what is needed only meanwhile. It outlives a kill, so it can say what else there is to be removed. */
  readonly scratch: string;
}

/** Something that is filled, and what it is. */
interface Made<Manifest> extends Making<Manifest> {
  readonly manifest: Manifest;
}

/** Describes something that is to be made; nothing is there yet. */
export function newMaking<Manifest>(shelf: Shelf<Manifest>): Making<Manifest> {
  const id = randomId();
  const directory = join(shelf.directory, `${unfinished}${id}`);
  return { shelf, id, directory, scratch: join(directory, scratchName) };
}

/** Makes the directories to fill. */
export async function openMaking({ scratch }: Making<unknown>): Promise<void> {
  await mkdir(scratch, { recursive: true, mode: 0o700 });
}

/** Removes what was filled. */
export async function dropMaking({ shelf, directory }: Making<unknown>): Promise<void> {
  await removeTree(dirname(shelf.directory), directory);
}

/**
 * Adds the last steps of making something: it becomes whole at its place, then it is recorded.
 * @param filling gives the manifest
 */
export function thenShelve<Manifest, Input extends object, Context extends Input & Made<Manifest>>(
  filling: Procedure<Input, Context>,
  kind: 'image' | 'kernel',
): Procedure<Input, Context> {
  return filling.step(`${kind}-place`, moveToPlace, removeFromPlace).step(
    `${kind}-record`,
    ({ shelf, manifest }) => shelf.record(manifest),
    ({ shelf, id }) => shelf.forget(id),
  );
}

async function moveToPlace({ shelf, id, directory, scratch }: Making<unknown>): Promise<void> {
  await removeTree(dirname(shelf.directory), scratch);
  await syncAll(directory);
  await rename(directory, join(shelf.directory, id));
  await syncPath(shelf.directory);
}

async function removeFromPlace({ shelf, id }: Making<unknown>): Promise<void> {
  await removeTree(dirname(shelf.directory), join(shelf.directory, id));
}

/**
 * Makes something by its procedure, which ends with the steps of `thenShelve`.
 * @throws DiskFull, and what the steps throw; then nothing is left
 */
export async function make<Manifest, Input extends Making<Manifest>>(
  procedure: Procedure<Input, Input & Made<Manifest>>,
  making: Input,
  work: Work,
): Promise<Manifest> {
  try {
    const { manifest } = await procedure.perform(making, work);
    return manifest;
  } catch (error) {
    throw asDiskFull(error, making.shelf.directory);
  }
}

/**
 * Removes what a process that was killed left half made. Nothing may be in the making while this runs. What cannot
 * be removed is told and left for the next time.
 * @param before is given the scratch directory of each first, to remove what there is elsewhere
 */
export async function removeUnfinished(
  parentDirectory: string,
  log: Log,
  before?: (scratch: string) => Promise<void>,
): Promise<void> {
  for (const name of await readdir(parentDirectory).catch(() => [])) {
    if (!name.startsWith(unfinished)) continue;
    const directory = join(parentDirectory, name);
    try {
      await before?.(join(directory, scratchName));
      await removeTree(dirname(parentDirectory), directory);
    } catch (error) {
      log.warn({ path: directory }, `what is half made stays: ${getMessage(error)}`);
    }
  }
}

/** Begins with a letter, so that it cannot be taken for a number anywhere. */
function randomId(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  return `${letters[(randomBytes(1)[0] ?? 0) % 26]}${randomBytes(6).toString('hex').slice(1)}`;
}

async function syncAll(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await syncPath(join(directory, name));
  await syncPath(directory);
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
