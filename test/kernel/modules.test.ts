import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadOrder, readModuleIndex } from '../../src/kernel/modules.ts';

test('modules are loaded once, after what they need, and not if built in', async (t) => {
  const tree = await mkdtemp(join(tmpdir(), 'banger-modules-'));
  t.after(() => rm(tree, { recursive: true }));
  const dependencies = [
    'kernel/a/virtio.ko: kernel/a/virtio_ring.ko',
    'kernel/a/virtio_ring.ko:',
    'kernel/b/virtio-rng.ko: kernel/a/virtio.ko kernel/a/virtio_ring.ko',
    'kernel/b/net.ko: kernel/b/failover.ko kernel/a/virtio.ko kernel/a/virtio_ring.ko',
    'kernel/b/failover.ko:',
    'kernel/c/packed.ko.xz:',
  ];
  await writeFile(join(tree, 'modules.dep'), `${dependencies.join('\n')}\n`);
  await writeFile(join(tree, 'modules.builtin'), 'kernel/fs/ext4/ext4.ko\n');
  const index = await readModuleIndex(tree);
  assert.deepEqual(loadOrder(index, ['virtio_rng', 'ext4', 'net', 'virtio-rng']), [
    'kernel/a/virtio_ring.ko',
    'kernel/a/virtio.ko',
    'kernel/b/virtio-rng.ko',
    'kernel/b/failover.ko',
    'kernel/b/net.ko',
  ]);
  assert.throws(() => loadOrder(index, ['absent']), { code: 'CommandFailed', message: /absent/ });
  assert.throws(() => loadOrder(index, ['packed']), { code: 'NotSupported', message: /packed\.ko\.xz/ });
});
