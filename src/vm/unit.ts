import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { UnitTraits } from '../supervise/units.ts';
import type { MachineProgram, MachineSpec } from '../vmm/machine.ts';
import { getVm, type VmContext } from './context.ts';

const MiB = 1024 * 1024;

/** The way in which a VM's program is a unit, where programs are units. docs/units.md has the figures behind it. */
export function unitTraits(context: VmContext, spec: MachineSpec, vmm: MachineProgram): UnitTraits {
  const { host, files } = context;
  const { name } = getVm(context);
  const drives = (readonly: boolean) =>
    spec.drives.filter((drive) => drive.readonly === readonly).map(({ path }) => path);
  return {
    description: `banger VM ${name}`,
    stateDirectory: host.stateDirectory,
    powerDown: {
      file: join(host.hostDirectory, 'while-running'),
      args: [host.powerDown.file, ...host.powerDown.args, files.runtime],
    },
    memoryBytes: memoryLimit(spec.memoryBytes),
    tasks: taskLimit(spec.vcpus),
    cpuWeight: cpuWeight(spec.vcpus),
    isInHostNetwork: getVm(context).run?.network === 'bridge',
    files: {
      // Files and not their directory: what the VMM replaced there, the daemon would open.
      writable: [...drives(false), spec.consoleFile, spec.runtimeDirectory],
      readable: [
        ...drives(true),
        ...[spec.vmlinux, spec.initrd, host.hostDirectory, ...vmm.files, files.vmmLog],
        ...host.powerDown.files,
      ],
      // A home may be elsewhere than in /home, and so may what lies in it by default.
      hidden: [homedir(), host.stateDirectory, host.cacheDirectory, host.runtimeDirectory].filter(
        (directory) => directory !== '/' && existsSync(directory),
      ),
    },
  };
}

/** The guest's memory, what its VMM, its network and the end of both take, and room for what all that reads and writes. */
function memoryLimit(guestBytes: number): number {
  return guestBytes + Math.ceil(guestBytes / 16) + 512 * MiB;
}

/** A thread for each vCPU, up to 64 that read and write disks, and those of the other programs. */
function taskLimit(vcpus: number): number {
  return vcpus + 128;
}

/** As much as any other service for two vCPUs, and for others accordingly; systemd takes 1 to 10,000. */
function cpuWeight(vcpus: number): number {
  return Math.min(10_000, 50 * vcpus);
}
