import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BangerError, getProblem } from '../common/errors.ts';

/** The manifest's file in an image's directory. */
export const manifestName = 'manifest.json';

/** What is known of an image; `manifest.json` in its directory. */
export interface ImageManifest {
  /** Names the directory. */
  id: string;
  name: string;
  distribution: string;
  architecture: 'amd64';
  /** The name of the kernel that it is booted with. */
  kernel: string;
  /** Bytes of the root file system. */
  size: number;
  /** SHA-256 of the root file system, in hex. */
  digest: string;
  /** The root file system's file, beside the manifest. */
  rootfs: string;
  format: 'squashfs' | 'erofs' | 'ext4';
  /** Where it came from, such as `recipe:debian-bookworm`. */
  source: string;
  /** ISO 8601. */
  createdAt: string;
  /** The program in the guest that becomes its first process. */
  init: string;
}

/** What a start needs to know of an image. @throws ImageDamaged if its manifest is not there or not whole */
export async function readImageManifest(
  directory: string,
): Promise<Pick<ImageManifest, 'rootfs' | 'init' | 'size'>> {
  const path = join(directory, manifestName);
  try {
    const { rootfs, init, size } = JSON.parse(await readFile(path, 'utf8'));
    if (typeof rootfs !== 'string' || typeof init !== 'string' || typeof size !== 'number') {
      throw new TypeError('it lacks rootfs, init or size');
    }
    // It is one file beside the manifest and no path that leads elsewhere.
    if (rootfs.includes('/') || !/^\/[\w./-]+$/.test(init))
      throw new TypeError('its rootfs or init is not sound');
    return { rootfs, init, size };
  } catch (error) {
    throw new BangerError('ImageDamaged', `${path} is damaged (${getProblem(error)})`, {
      remedy: 'delete the image and pull it again',
    });
  }
}
