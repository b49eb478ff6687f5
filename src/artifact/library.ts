import { EventEmitter } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BangerError, getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import { findByReference } from '../common/reference.ts';
import { removeTree } from '../common/remove-tree.ts';
import type { Store } from '../store/database.ts';
import { SharedWork } from '../work/shared-work.ts';
import type { Work } from '../work/work.ts';
import { type Shelf, unfinished } from './making.ts';

/** Something that is kept as a directory of files and a row, and that a name points to. */
export interface Artifact {
  id: string;
  name: string;
  /** 1 while the name points to this id; older ids stay as long as something holds them. */
  current: number;
}

interface LibraryEvents {
  /** With the id of what came or went. */
  added: [id: string];
  removed: [id: string];
}

/** What is common to images and kernels: names and ids, making on demand, and removal when unused. */
export abstract class Library<T extends Artifact> extends EventEmitter<LibraryEvents> {
  protected readonly store: Store;
  protected readonly directory: string;
  readonly #making = new SharedWork<T>();

  /** @param directory holds one directory per artifact, named by its id */
  constructor(store: Store, directory: string) {
    super();
    this.store = store;
    this.directory = directory;
  }

  abstract list(): T[];
  /** Makes what the catalog has under this name, with all its files, and records it; nothing if it has none. */
  protected abstract recipe(name: string): Promise<((work: Work) => Promise<T>) | undefined>;
  /** The error for a name that is neither here nor in the catalog. */
  protected abstract missing(reference: string): BangerError;
  /** What keeps this artifact from being removed, if anything does, as words. */
  protected abstract userOf(artifact: T): string | undefined;
  protected abstract forget(artifact: T): void;
  /** Removes what a maker that was killed left half made. */
  protected abstract removeUnfinished(log: Log): Promise<void>;
  /** Records an artifact by its manifest. @throws TypeError if that is not one */
  protected abstract adopt(manifest: Readonly<Record<string, unknown>>): void;

  /** Where makers put what they made. */
  protected shelf<Manifest extends object>(): Shelf<Manifest> {
    return {
      directory: this.directory,
      record: (manifest) => this.adopt(Object.fromEntries(Object.entries(manifest))),
      forget: (id) => {
        const artifact = this.list().find((known) => known.id === id);
        if (artifact) this.forget(artifact);
      },
    };
  }

  directoryOf(artifact: { id: string }): string {
    return join(this.directory, artifact.id);
  }

  /**
   * Puts in order what makers left that were killed, before anything is made: what is half made goes, what
   * is whole and was not recorded any more is. Damaged directories stay and are named.
   */
  async tidy(log: Log): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await this.removeUnfinished(log);
    const known = new Set(this.list().map((artifact) => artifact.id));
    for (const id of await readdir(this.directory)) {
      if (known.has(id) || id.startsWith(unfinished)) continue;
      const path = join(this.directory, id, 'manifest.json');
      try {
        const manifest: unknown = JSON.parse(await readFile(path, 'utf8'));
        if (typeof manifest !== 'object' || manifest === null) throw new TypeError('it is not a manifest');
        if (!('id' in manifest) || manifest.id !== id) throw new TypeError('it belongs elsewhere');
        this.adopt({ ...manifest });
        log.info({ path }, 'recorded what its maker could not');
      } catch (error) {
        log.warn({ path }, `left as it is: ${getMessage(error)}`);
      }
    }
  }

  /** Finds by name, id or unique prefix of the id; an id that a name points to goes first. @throws NoSuch… */
  get(reference: string): T {
    const all = this.list();
    const current = all.filter((artifact) => artifact.current === 1);
    const found = findByReference(current, reference) ?? findByReference(all, reference);
    if (!found) throw this.missing(reference);
    return found;
  }

  /** Checks that this name is here or can be made. @throws NoSuch… */
  async expect(name: string): Promise<void> {
    if (!(await this.recipe(name))) this.get(name);
  }

  /** The artifact of this name; made first if it is not here. @throws NoSuch… and what making throws */
  async ensure(name: string, work: Work): Promise<T> {
    const present = this.list().find((artifact) => artifact.name === name && artifact.current === 1);
    if (present) return present;
    const make = await this.recipe(name);
    if (!make) return this.get(name);
    return this.#making.join(name, work, async (shared) => {
      const artifact = await make(shared);
      this.emit('added', artifact.id);
      return artifact;
    });
  }

  /** Removes an artifact with its files. @throws NoSuch…, InUse */
  async delete(reference: string): Promise<void> {
    const artifact = this.get(reference);
    const user = this.userOf(artifact);
    if (user)
      throw new BangerError('InUse', `${artifact.name} is used by ${user}`, { remedy: 'delete that first' });
    this.forget(artifact);
    this.emit('removed', artifact.id);
    await removeTree(dirname(this.directory), this.directoryOf(artifact));
  }
}

/** A text of a manifest. @throws TypeError */
export function readManifestText(manifest: Readonly<Record<string, unknown>>, key: string): string {
  const value = manifest[key];
  if (typeof value !== 'string' || value === '') throw new TypeError(`it has no ${key}`);
  return value;
}

/** What manifests of images and kernels have in common, as it is recorded. @throws TypeError */
export function parseManifestRecord(manifest: Readonly<Record<string, unknown>>) {
  const { size } = manifest;
  const createdAt = Date.parse(readManifestText(manifest, 'createdAt')) * 1000;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || Number.isNaN(createdAt)) {
    throw new TypeError('its size or date is not sound');
  }
  const text = (key: string) => readManifestText(manifest, key);
  return { id: text('id'), name: text('name'), digest: text('digest'), size, createdAt, current: 1 };
}
