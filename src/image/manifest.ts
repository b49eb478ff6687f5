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
