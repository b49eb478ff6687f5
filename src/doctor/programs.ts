import { findProgram } from '../common/find-program.ts';
import { findPackage } from '../common/host-programs.ts';
import { type Finding, fail, pass } from './check.ts';

/** A program of the host that something cannot do without. */
interface Needed {
  program: string;
  purpose: string;
}

/** What it takes to run a VM. */
const forVms: readonly Needed[] = [
  { program: 'mkfs.ext4', purpose: 'makes the disks of VMs' },
  { program: 'ssh', purpose: 'reaches into VMs' },
  { program: 'ssh-keygen', purpose: 'makes keys' },
  { program: 'flock', purpose: 'keeps daemons apart' },
];

/** What it takes to make images and kernels. */
const forImages: readonly Needed[] = [
  { program: 'mmdebstrap', purpose: 'makes images' },
  { program: 'tar2sqfs', purpose: 'packs images' },
  { program: 'gensquashfs', purpose: 'packs kernel modules' },
  { program: 'apt-get', purpose: 'fetches kernels' },
  { program: 'dpkg-deb', purpose: 'unpacks kernels' },
  { program: 'depmod', purpose: 'indexes kernel modules' },
];

/** What it takes to copy a workspace. */
const forWorkspaces: readonly Needed[] = [
  { program: 'git', purpose: 'reads repositories' },
  { program: 'tar', purpose: 'copies files' },
];

/** Checks whether the programs that banger runs are installed. @param qemu as configured */
export function checkPrograms(qemu: string): Finding[] {
  const vmm = { program: qemu, purpose: 'runs VMs' };
  return [vmm, ...forVms, ...forImages, ...forWorkspaces].map((needed) => {
    const found = findProgram(needed.program);
    if (found) return pass(needed.program, `${found} ${needed.purpose}`);
    const detail = `${needed.program} is not installed; it ${needed.purpose}`;
    // A QEMU of another name is the configuration's.
    const name = findPackage(needed.program) ?? findPackage('qemu-system-x86_64');
    return fail(needed.program, detail, `apt-get install ${name}`);
  });
}
