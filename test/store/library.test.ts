import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeArtifact } from '../../src/common/artifact.ts';
import { KernelLibrary } from '../../src/kernel/library.ts';
import { openStore } from '../../src/store/database.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

function manifest(id: string, name: string): string {
  const createdAt = '2026-01-02T03:04:05.000Z';
  return JSON.stringify({ id, name, release: '6.1.0', digest: 'ab', size: 5, createdAt });
}

test('what makers left that were killed is put in order', async (t) => {
  const directory = temporaryDirectory(t);
  const kernels = join(directory, 'kernels');
  const store = openStore(join(directory, 'banger.db'));
  t.after(() => store.close());
  mkdirSync(kernels);
  // Killed between its last file and its row.
  await makeArtifact(kernels, async (id, path) =>
    writeFileSync(join(path, 'manifest.json'), manifest(id, 'whole')),
  );
  mkdirSync(join(kernels, 'damaged'));
  writeFileSync(join(kernels, 'damaged', 'manifest.json'), '{"id":"damaged"');
  let halfMade = '';
  void makeArtifact(kernels, (_id, path) => {
    halfMade = path;
    return new Promise(() => undefined);
  });
  while (!existsSync(halfMade)) await new Promise((resolve) => setTimeout(resolve, 5));

  const library = new KernelLibrary(store, kernels);
  await library.tidy(silent);
  const [whole, ...others] = library.list();
  assert.deepEqual(others, []);
  assert.deepEqual([whole?.name, whole?.release, whole?.current], ['whole', '6.1.0', 1]);
  assert.equal(whole?.createdAt, Date.UTC(2026, 0, 2, 3, 4, 5) * 1000);
  assert.equal(existsSync(halfMade), false);
  assert.equal(existsSync(join(kernels, 'damaged')), true);
  await library.tidy(silent);
  assert.equal(library.list().length, 1);
});
