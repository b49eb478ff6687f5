import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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
  for (const name of ['whole', 'damaged', '.making-half'])
    mkdirSync(join(kernels, name), { recursive: true });
  // Killed between its last file and its row.
  writeFileSync(join(kernels, 'whole', 'manifest.json'), manifest('whole', 'whole'));
  writeFileSync(join(kernels, 'damaged', 'manifest.json'), '{"id":"damaged"');
  // Killed before its last file, though it says that it is whole.
  const halfMade = join(kernels, '.making-half');
  writeFileSync(join(halfMade, 'manifest.json'), manifest('.making-half', 'half'));

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
