import type { ObjectTree } from '../../src/bus/server.ts';
import { BangerError } from '../../src/common/errors.ts';

const createdAt = 1_700_000_000_000_000;

export const images = [
  ['/org/banger/images/i1', 'debian-bookworm', 'i1', 'debian', 2 ** 28, createdAt],
] as const;
export const kernels = [
  ['/org/banger/kernels/k1', 'debian', 'k1', '6.1.0-cloud', 2 ** 26, createdAt],
] as const;

/** Puts the image `debian-bookworm` and the kernel `debian` on the bus. */
export function addArtifacts(tree: ObjectTree, onDelete: (kind: string, name: string) => void): void {
  const common = (id: string, name: string) => ({
    Id: () => id,
    Name: () => name,
    Size: () => 2 ** 28,
    Digest: () => 'sha256:abc',
    CreatedAt: () => createdAt,
  });
  tree.add(images[0][0], 'org.banger.Image1', {
    methods: { Delete: () => onDelete('image', 'debian-bookworm') },
    properties: {
      ...common('i1', 'debian-bookworm'),
      Kernel: () => 'debian',
      Distribution: () => 'debian',
      Architecture: () => 'x86_64',
    },
  });
  tree.add(kernels[0][0], 'org.banger.Kernel1', {
    methods: { Delete: () => onDelete('kernel', 'debian') },
    properties: { ...common('k1', 'debian'), Release: () => '6.1.0-cloud' },
  });
}

/** @throws InUse for `used`, NoSuchImage and NoSuchKernel for what is not there */
export function findArtifact(kind: 'image' | 'kernel', ref: string): string {
  if (ref === 'used') throw new BangerError('InUse', `the ${kind} used belongs to the VM web`);
  const [path, name] = kind === 'image' ? images[0] : kernels[0];
  if (ref === name) return path;
  throw new BangerError(kind === 'image' ? 'NoSuchImage' : 'NoSuchKernel', `there is no ${kind} ${ref}`);
}
