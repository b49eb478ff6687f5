import { EventEmitter } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { findByReference } from '../common/reference.ts';
import { SharedWork } from '../common/shared-work.ts';
import type { Work } from '../common/work.ts';
import type { Store } from './database.ts';

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

  directoryOf(artifact: { id: string }): string {
    return join(this.directory, artifact.id);
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
    if (user) throw new BangerError('InUse', `${artifact.name} is used by ${user}; delete that first`);
    this.forget(artifact);
    this.emit('removed', artifact.id);
    await rm(this.directoryOf(artifact), { recursive: true, force: true });
  }
}
