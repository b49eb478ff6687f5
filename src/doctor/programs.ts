import { findProgram } from '../common/find-program.ts';
import { type Finding, fail, pass } from './check.ts';

/** A program of the host that something cannot do without. */
interface Needed {
  program: string;
  package: string;
  purpose: string;
}

/** What it takes to run a VM. */
const forVms: readonly Needed[] = [
  { program: 'mkfs.ext4', package: 'e2fsprogs', purpose: 'makes the disks of VMs' },
  { program: 'ssh', package: 'openssh-client', purpose: 'reaches into VMs' },
  { program: 'ssh-keygen', package: 'openssh-client', purpose: 'makes keys' },
  { program: 'flock', package: 'util-linux', purpose: 'keeps daemons apart' },
];

/** What it takes to make images and kernels. */
const forImages: readonly Needed[] = [
  { program: 'mmdebstrap', package: 'mmdebstrap', purpose: 'makes images' },
  { program: 'tar2sqfs', package: 'squashfs-tools-ng', purpose: 'packs images' },
  { program: 'gensquashfs', package: 'squashfs-tools-ng', purpose: 'packs kernel modules' },
  { program: 'apt-get', package: 'apt', purpose: 'fetches kernels' },
  { program: 'dpkg-deb', package: 'dpkg', purpose: 'unpacks kernels' },
  { program: 'depmod', package: 'kmod', purpose: 'indexes kernel modules' },
];

/** What it takes to copy a workspace. */
const forWorkspaces: readonly Needed[] = [
  { program: 'git', package: 'git', purpose: 'reads repositories' },
  { program: 'tar', package: 'tar', purpose: 'copies files' },
];

/** Whether the programs that banger runs are installed. @param qemu as configured */
export function checkPrograms(qemu: string): Finding[] {
  const vmm = { program: qemu, package: 'qemu-system-x86', purpose: 'runs VMs' };
  return [vmm, ...forVms, ...forImages, ...forWorkspaces].map((needed) => {
    const found = findProgram(needed.program);
    if (found) return pass(needed.program, `${found} ${needed.purpose}`);
    const detail = `${needed.program} is not installed; it ${needed.purpose}`;
    return fail(needed.program, detail, `apt-get install ${needed.package}`);
  });
}
