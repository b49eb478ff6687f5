import { BangerError } from './errors.ts';
import { findProgram } from './find-program.ts';

/** The programs of the host that banger runs, and the Debian package that each is in. */
const packages = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'mkfs.ext4': 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  resize2fs: 'e2fsprogs',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  flock: 'util-linux',
  prlimit: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  mmdebstrap: 'mmdebstrap',
  tar2sqfs: 'squashfs-tools-ng',
  gensquashfs: 'squashfs-tools-ng',
  'apt-get': 'apt',
  'apt-cache': 'apt',
  'apt-config': 'apt',
  'dpkg-deb': 'dpkg',
  depmod: 'kmod',
  git: 'git',
  ip: 'iproute2',
  nft: 'nftables',
  getent: 'libc-bin',
  tar: 'tar',
} as const;

export type HostProgram = keyof typeof packages;

/** The Debian package that has a program; nothing for a program that is not one of ours. */
export function findPackage(program: string): string | undefined {
  return Object.hasOwn(packages, program) ? packages[program as HostProgram] : undefined;
}

/**
 * Finds programs before something is begun that cannot end without them.
 * @throws HostNotReady with the package of the first that is missing
 */
export function requirePrograms(...programs: readonly HostProgram[]): void {
  const missing = programs.find((program) => findProgram(program) === undefined);
  if (missing !== undefined) throw notInstalled(missing);
}

/** What to say where a program is missing. */
export function notInstalled(program: string, cause?: unknown): BangerError {
  const name = findPackage(program);
  const remedy = name ? `install the package ${name}` : 'run `banger doctor` for what installs it';
  return new BangerError('HostNotReady', `${program} is not installed`, { remedy: `${remedy}`, cause });
}
