import { join } from 'node:path';
import { composeInitrd } from '../../kernel/initrd.ts';
import { kernelFiles } from '../../kernel/manifest.ts';
import type { Attachment } from '../../network/attachment.ts';
import type { Accelerator } from '../../vmm/accelerator.ts';
import type { Driver, MachineSpec } from '../../vmm/machine.ts';
import { getVm, record, type VmContext } from '../context.ts';
import { recordReason } from '../reasons.ts';
import type { VmBootFiles } from './boot-files.ts';
import type { Seeded } from './write-seed.ts';

/** Where the VM's own disks are among the drives of its machine. */
export const driveOf = { system: 1, work: 2 } as const;

/** A VM that has a network. */
export type Connected = VmContext & { attachment: Attachment };

/** What is to be launched, and by what. */
export interface DescribedMachine {
  driver: Driver;
  spec: MachineSpec;
  accelerator: Accelerator;
}

/** Chooses the VMM and describes the machine to it. */
export async function describeMachine(
  context: Connected & Seeded & { bootFiles: VmBootFiles },
): Promise<DescribedMachine> {
  const { host, id, files, attachment } = context;
  const { vcpus, memoryBytes, vmm } = getVm(context);
  const { rootfs, init, kernel, modules } = context.bootFiles;
  const boot = {
    vmlinux: join(kernel, kernelFiles.vmlinux),
    initrd: await composeInitrd(kernel, host.guestDirectory, host.cacheDirectory),
  };
  const { driver, accelerator, reason } = await host.vmms.choose(boot, {
    kept: vmm,
    needsQemu:
      attachment.network.kind === 'tap' ? undefined : 'only QEMU has a network for a VM without a namespace',
  });
  record(context, { run: { accelerator } });
  recordReason(context, 'vmm', reason);
  const spec: MachineSpec = {
    id,
    vcpus,
    memoryBytes,
    ...boot,
    commandLine: [
      ...attachment.guestWords(await host.nameServers()),
      `banger.init=${init}`,
      ...(context.filesAt === undefined ? [] : [`banger.files=${context.filesAt}`]),
    ],
    drives: [
      { path: rootfs, readonly: true },
      { path: files.systemDisk, readonly: false },
      { path: files.workDisk, readonly: false },
      { path: files.seed, readonly: true },
      { path: modules, readonly: true },
    ],
    network: attachment.network,
    runtimeDirectory: files.runtime,
    consoleFile: files.console,
  };
  return { driver, spec, accelerator };
}
