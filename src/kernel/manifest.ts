/** What is known of a kernel; `manifest.json` in its directory. */
export interface KernelManifest {
  /** Names the directory. */
  id: string;
  name: string;
  /** As `uname -r` says it in the guest. */
  release: string;
  architecture: 'amd64';
  /** Bytes of all its files. */
  size: number;
  /** SHA-256 of the vmlinux, in hex. */
  digest: string;
  /** Where it came from, such as `debian:linux-image-…=VERSION`. */
  source: string;
  /** ISO 8601. */
  createdAt: string;
}

/** The files in a kernel's directory. */
export const kernelFiles = {
  vmlinux: 'vmlinux',
  /** The kernel's part of the initrd: busybox and the modules that mount the root. */
  initrd: 'initrd.cpio',
  /** All modules; a read-only drive that the guest has at /lib/modules/<release>. */
  modules: 'modules.squashfs',
  manifest: 'manifest.json',
} as const;
