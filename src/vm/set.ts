import { stat } from 'node:fs/promises';
import { BangerError } from '../common/errors.ts';
import { getReason } from '../common/system-error.ts';
import { formatMemory, formatSize } from '../common/units.ts';
import { settleDisk } from '../disk/settle.ts';
import { growFileSystems } from '../guest/agent.ts';
import type { Vm } from '../store/vm.ts';
import { Procedure } from '../work/steps.ts';
import { getAgent } from './agent.ts';
import { getVm, record, type VmContext } from './context.ts';
import { getLiveNetwork } from './network.ts';
import { getSupervised } from './program.ts';
import { checkSize, noNatWithoutNetwork, systemDiskBytes, type VmChange, type VmSettings } from './spec.ts';
import { driveOf } from './start/machine.ts';

/** A guest writes the tables of what it gains: without hardware virtualisation, 15 s for each TiB of both disks. */
const guestTimeoutMs = 15 * 60_000;

interface SetContext extends VmContext {
  readonly wanted: VmSettings;
  /** What it was before, if that is known. */
  readonly former?: VmSettings | undefined;
}

/**
 * What a VM is to be after a change.
 * @throws InvalidArgs if nothing would change or a disk would shrink, Busy if it must be stopped for it
 */
export function changedSettings(vm: Vm, change: VmChange): VmSettings {
  if (Object.values(change).every((value) => value === undefined)) {
    throw new BangerError('InvalidArgs', 'there is nothing to set', {
      remedy: 'give vcpus, memory, disk_size or nat',
    });
  }
  const former = getVmSettings(vm);
  const nat = change.nat ?? former.nat;
  if (nat && vm.wantedNetwork === 'none') throw noNatWithoutNetwork();
  const size = checkSize({
    vcpus: change.vcpus ?? vm.vcpus,
    memoryBytes: change.memoryBytes ?? vm.memoryBytes,
    diskBytes: change.diskBytes ?? vm.diskBytes,
  });
  const wanted = { ...size, nat };
  const keepsMachine = wanted.vcpus === vm.vcpus && wanted.memoryBytes === vm.memoryBytes;
  if (wanted.diskBytes < vm.diskBytes) {
    throw new BangerError(
      'InvalidArgs',
      `the disk of ${vm.name} is ${formatSize(vm.diskBytes)} and only grows`,
      { remedy: 'give it more than that' },
    );
  }
  if (keepsMachine && wanted.diskBytes === vm.diskBytes && wanted.nat === former.nat) {
    const size = `${vm.vcpus} vcpu · ${formatMemory(vm.memoryBytes)} · ${formatSize(vm.diskBytes)} disk`;
    const told = `${size} · NAT ${former.nat ? 'on' : 'off'}`;
    throw new BangerError('InvalidArgs', `${vm.name} already has these settings (${told})`, {
      remedy: 'nothing was changed',
    });
  }
  if (vm.run?.program && !keepsMachine) {
    throw new BangerError(
      'Busy',
      `${vm.name} runs, and its vCPUs and memory change only while it is stopped`,
      { remedy: `run \`banger vm stop ${vm.name}\` first` },
    );
  }
  return wanted;
}

/**
 * Makes a VM what it is to be. That is recorded first: what is cut short then is finished by the next daemon,
 * and what cannot be finished now, as in a guest that does not answer, by the next start.
 */
export const setProcedure = new Procedure<SetContext>('set')
  .step('record', (context) => record(context, context.wanted), recordFormer)
  .step('nat', switchNat)
  .step('grow', growDisks)
  .step('grow-guest', growGuest);

async function recordFormer(context: SetContext): Promise<void> {
  const { files, wanted, former } = context;
  // The work disk grows last. Once it has, the record must not say less.
  const grown = await stat(files.workDisk).then(
    ({ size }) => size >= wanted.diskBytes,
    () => false,
  );
  if (former) record(context, grown ? { nat: former.nat } : former);
}

/** What a VM is recorded to be. */
export function getVmSettings({ vcpus, memoryBytes, diskBytes, nat }: Vm): VmSettings {
  return { vcpus, memoryBytes, diskBytes, nat };
}

/** One that does not run is connected as it is recorded when it starts. */
async function switchNat(context: SetContext): Promise<void> {
  const { wanted, former } = context;
  if (!getSupervised(context) || wanted.nat === former?.nat) return;
  const network = getLiveNetwork(context);
  if (!network) {
    const { name } = getVm(context);
    throw new BangerError(
      'HostNotReady',
      `the network of ${name} cannot be changed because banger-netd is gone`,
      { remedy: 'restart the VM' },
    );
  }
  // Without a network there was never any.
  if (network.mode !== 'none') await network.setNat(wanted.nat);
}

/** The VM's own disks, and what they are to have. */
function disksOf({ files, wanted }: SetContext) {
  return [
    { drive: driveOf.system, path: files.systemDisk, bytes: systemDiskBytes(wanted.diskBytes) },
    { drive: driveOf.work, path: files.workDisk, bytes: wanted.diskBytes },
  ];
}

function keepsDisks({ former, wanted }: SetContext): boolean {
  return former?.diskBytes === wanted.diskBytes;
}

/** A machine that runs has its drives open, and grows them itself. */
async function growDisks(context: SetContext): Promise<void> {
  if (keepsDisks(context)) return;
  const machine = getSupervised(context) && context.host.vmms.machine(context.files.runtime);
  for (const { drive, path, bytes } of disksOf(context)) {
    if (!machine) await settleDisk(path, bytes);
    else if ((await stat(path)).size < bytes) await machine.resizeDrive(drive, path, bytes);
  }
}

async function growGuest(context: SetContext): Promise<void> {
  if (!getSupervised(context) || keepsDisks(context)) return;
  const { files } = context;
  const { connect, budget } = getAgent(context, 'query');
  const [system, work] = await Promise.all(
    [files.systemDisk, files.workDisk].map(async (path) => (await stat(path)).size),
  );
  await growFileSystems(
    connect,
    { timeoutMs: guestTimeoutMs, budget },
    { system: system ?? 0, work: work ?? 0 },
  ).catch((error: unknown) => {
    const { name } = getVm(context);
    throw new BangerError(
      error instanceof BangerError ? error.code : 'Internal',
      `the disks of ${name} have grown, but not yet their file systems: ${getReason(error)}`,
      { remedy: `\`banger vm restart ${name}\` grows them`, cause: error },
    );
  });
}
