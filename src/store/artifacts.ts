import type { Store } from './database.ts';

/** An image as recorded. A name points to one current id; older ids stay while a VM holds them. */
export interface ImageRecord {
  id: string;
  name: string;
  /** The name of the kernel it boots. */
  kernel: string;
  distribution: string;
  architecture: string;
  size: number;
  digest: string;
  createdAt: number;
  current: number;
}

/** A kernel as recorded. */
export interface KernelRecord {
  id: string;
  name: string;
  release: string;
  size: number;
  digest: string;
  createdAt: number;
  current: number;
}

/** All images, oldest first. */
export function readImages(store: Store): ImageRecord[] {
  return store
    .prepare<[], ImageRecord>(
      `SELECT id, name, kernel, distribution, architecture, size, digest, created_at AS createdAt, current
       FROM images ORDER BY created_at, id`,
    )
    .all();
}

/** All kernels, oldest first. */
export function readKernels(store: Store): KernelRecord[] {
  return store
    .prepare<[], KernelRecord>(
      'SELECT id, name, release, size, digest, created_at AS createdAt, current FROM kernels ORDER BY created_at, id',
    )
    .all();
}

/** Records an image as the one its name points to. */
export function insertImage(store: Store, image: ImageRecord): void {
  store.transaction(() => {
    store.prepare('UPDATE images SET current = 0 WHERE name = ?').run(image.name);
    store
      .prepare(
        `INSERT INTO images (id, name, kernel, distribution, architecture, size, digest, created_at, current)
         VALUES (@id, @name, @kernel, @distribution, @architecture, @size, @digest, @createdAt, @current)`,
      )
      .run(image);
  })();
}

/** Records a kernel as the one its name points to. */
export function insertKernel(store: Store, kernel: KernelRecord): void {
  store.transaction(() => {
    store.prepare('UPDATE kernels SET current = 0 WHERE name = ?').run(kernel.name);
    store
      .prepare(
        `INSERT INTO kernels (id, name, release, size, digest, created_at, current)
         VALUES (@id, @name, @release, @size, @digest, @createdAt, @current)`,
      )
      .run(kernel);
  })();
}

/** Forgets an image or a kernel. @throws whatever SQLite says if a VM still holds it */
export function deleteArtifact(store: Store, table: 'images' | 'kernels', id: string): void {
  store.prepare(`DELETE FROM ${table} WHERE id = ?`).run(id);
}
