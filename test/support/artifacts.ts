import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userPaths } from '../../src/common/paths.ts';
import type { PrivateHome } from './home.ts';

const imageId = 'a00000000001';
const kernelId = 'a00000000002';
export const rootfsBytes = 4096;

/** Has an image and a kernel in a home that look whole, so that VMs can be made; none of them would boot. */
export function makeArtifacts({ env }: Pick<PrivateHome, 'env'>) {
  const { state } = userPaths(env);
  const common = { architecture: 'amd64', digest: 'x', createdAt: '2026-01-01T00:00:00Z', size: rootfsBytes };
  const image = join(state, 'images', imageId);
  const kernel = join(state, 'kernels', kernelId);
  for (const directory of [image, kernel]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const directory of [state, join(state, 'images'), join(state, 'kernels')]) chmodSync(directory, 0o700);
  const write = (directory: string, manifest: object) =>
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ ...common, ...manifest }));
  write(image, {
    id: imageId,
    name: 'debian-bookworm',
    kernel: 'fake',
    distribution: 'debian',
    rootfs: 'rootfs',
    init: '/sbin/init',
  });
  write(kernel, { id: kernelId, name: 'fake', release: '6.1' });
  writeFileSync(join(image, 'rootfs'), Buffer.alloc(rootfsBytes));
  for (const file of ['vmlinux', 'initrd.cpio', 'modules.squashfs']) writeFileSync(join(kernel, file), file);
  return { image, kernel };
}
