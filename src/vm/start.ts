import { mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError, messageOf } from '../common/errors.ts';
import { reasonOf } from '../common/system-error.ts';
import { settleDisk } from '../disk/settle.ts';
import { waitReady } from '../guest/agent.ts';
import { readImageManifest } from '../image/manifest.ts';
import { composeInitrd } from '../kernel/initrd.ts';
import { kernelFiles } from '../kernel/manifest.ts';
import type { Attachment } from '../network/attachment.ts';
import { knownHostsLine } from '../ssh/known-hosts.ts';
import type { ProgramEnd, Supervised } from '../supervise/supervisor.ts';
import { syncedFiles } from '../sync/files.ts';
import type { Accelerator } from '../vmm/accelerator.ts';
import { machineEnd } from '../vmm/end.ts';
import type { Driver, MachineSpec, RunningProgram } from '../vmm/machine.ts';
import { Procedure } from '../work/steps.ts';
import type { Work } from '../work/work.ts';
import { agentOf } from './agent.ts';
import { guestFailure, guestWarnings } from './console.ts';
import { record, type VmContext, vmOf } from './context.ts';
import { loadIdentity } from './identity.ts';
import { connectNetwork } from './network.ts';
import { endProgram, programOf } from './program.ts';
import { recordReason } from './reasons.ts';
import { writeSeed } from './seed.ts';
import { systemDiskBytes } from './spec.ts';
import { unitTraits } from './unit.ts';
import { recordWarnings } from './warnings.ts';

/** How long a guest may take from its first instruction until it is ready: under TCG seconds, on a busy host many. */
const readyTimeoutMs = { kvm: 60_000, tcg: 90_000 } as const;
/** How long the end of a machine whose agent went away is waited for. */
const endSeenMs = 500;

/** Where the VM's own disks are among the drives of its machine. */
export const driveOf = { system: 1, work: 2 } as const;

/**
 * From a stopped VM to one whose guest lets its user in. Everything is undone by ending the program, which
 * also removes the VM's runtime directory.
 */
export const startProcedure = new Procedure<VmContext>('start')
  .step('files', checkFiles)
  .step('network', connectToNetwork, endProgram)
  .step('seed', seed, dropUserFiles)
  .step('machine', describeMachine)
  .step('launch', launch)
  .step('connect', ({ attachment }) => attachment.open())
  .step('boot', awaitGuest);

/** What the VM boots. It belongs to ids, which never change. */
async function findBootFiles(context: VmContext) {
  const { images, kernels } = context.host;
  const { name, imageId, kernelId } = vmOf(context);
  if (imageId === undefined || kernelId === undefined)
    throw new Error(`${name} was recorded without its image`);
  const kernel = kernels.directoryOf({ id: kernelId });
  const image = images.directoryOf({ id: imageId });
  const { rootfs, init, size } = await readImageManifest(image);
  return { rootfs: join(image, rootfs), init, size, kernel, modules: join(kernel, kernelFiles.modules) };
}
type BootFiles = Awaited<ReturnType<typeof findBootFiles>>;

async function checkFiles(context: VmContext): Promise<{ bootFiles: BootFiles }> {
  const { files } = context;
  recordWarnings(context.host, context.id, []);
  const bootFiles = await findBootFiles(context);
  const { rootfs, modules, size } = bootFiles;
  for (const path of [rootfs, modules]) {
    await stat(path).catch((error: unknown) => {
      throw new BangerError('ImageDamaged', `${path} cannot be used: ${reasonOf(error)}`);
    });
  }
  const { diskBytes } = vmOf(context);
  await settleDisk(files.systemDisk, systemDiskBytes(diskBytes));
  await settleDisk(files.workDisk, diskBytes);
  // An overlay over another base than its own is garbage.
  if ((await stat(rootfs)).size !== size) {
    throw new BangerError(
      'ImageDamaged',
      `${rootfs} has changed since the image was made; delete and pull it again`,
    );
  }
  return { bootFiles };
}

async function connectToNetwork(context: VmContext): Promise<{ attachment: Attachment }> {
  await mkdir(context.files.runtime, { recursive: true, mode: 0o700 });
  return { attachment: await connectNetwork(context) };
}

interface Seeded {
  /** Where the user's files begin in the seed, if any were configured. */
  filesAt: number | undefined;
  /** What was not done on the host as it was asked for. */
  warnings: string[];
}

async function seed(context: VmContext): Promise<Seeded> {
  const { host, id, files } = context;
  const { name } = vmOf(context);
  const { machineId, hostKey } = await loadIdentity(files.identity);
  const { publicKey } = await host.userKey();
  await writeFile(files.knownHosts, knownHostsLine(id, hostKey.publicKey), { mode: 0o600 });
  const configured = await host.fileSync();
  const warnings: string[] = [];
  const synced = configured.length > 0 ? syncedFiles(configured, (text) => warnings.push(text)) : undefined;
  const { filesAt } = await writeSeed(
    files.seed,
    {
      hostname: name,
      machineId,
      hostKey,
      authorizedKeys: [publicKey],
      environment: { BANGER_VM: name },
    },
    synced,
  );
  recordWarnings(host, id, warnings);
  return { warnings, filesAt: synced && filesAt };
}

type Connected = VmContext & { attachment: Attachment };

interface DescribedMachine {
  driver: Driver;
  spec: MachineSpec;
  accelerator: Accelerator;
}

async function describeMachine(
  context: Connected & Seeded & { bootFiles: BootFiles },
): Promise<DescribedMachine> {
  const { host, id, files, attachment } = context;
  const { vcpus, memoryBytes, vmm } = vmOf(context);
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

interface Launched {
  supervised: Supervised;
}

async function launch(context: Connected & DescribedMachine, work: Work): Promise<Launched> {
  const { host, id, files, driver, spec } = context;
  // Only what this boot says is of interest.
  for (const log of [files.console, files.vmmLog]) await writeFile(log, '', { mode: 0o600 });
  const vmm = await driver.program(spec);
  const program = context.attachment.wrap(vmm);
  const traits = unitTraits(context, spec, vmm);
  const supervised = await host.supervisor.start(programOf(id), program, files.vmmLog, traits);
  record(context, { run: { program: supervised } });
  await whileItRuns({ ...context, supervised }, work, (running, signal) =>
    driver.boot(spec, running, signal),
  );
  record(context, { vmm: driver.name });
  return { supervised };
}

async function awaitGuest(
  context: VmContext & Seeded & DescribedMachine & Launched,
  work: Work,
): Promise<void> {
  const { host, id, files } = context;
  const { connect, budget } = agentOf(context, 'control');
  await whileItRuns(context, work, async ({ ended }, signal) => {
    const timeoutMs = readyTimeoutMs[context.accelerator];
    const ready = waitReady(connect, { timeoutMs, signal, budget });
    const gone = ended.then(async (end: ProgramEnd) => {
      const { clean, how } = await machineEnd(end, vmOf(context).vmm, files.vmmLog);
      const what = clean
        ? 'the guest ended before it was ready'
        : `the VMM ${how} before the guest was ready`;
      throw await guestFailure(files.console, what);
    });
    await Promise.race([ready, gone]).catch(async (error: unknown) => {
      if (!(error instanceof BangerError) || error.code !== 'GuestUnreachable') throw error;
      // The connection breaks a moment before the end of the program is seen, which tells more.
      await Promise.race([gone, sleep(endSeenMs)]);
      throw await guestFailure(files.console, error.message);
    });
  });
  const told = await guestWarnings(files.console);
  recordWarnings(host, id, [...context.warnings, ...told]);
  await dropUserFiles(context);
}

/** Keeps no second copy of the user's files once the guest has them, or will not get them. */
async function dropUserFiles({ host, id, files, filesAt }: VmContext & Partial<Seeded>): Promise<void> {
  if (filesAt === undefined) return;
  await truncate(files.seed, filesAt).catch((error: unknown) => {
    host.log.warn({ vm: id }, `the user's files stay in ${files.seed}: ${messageOf(error)}`);
  });
}

/** Does something that concerns the program, which may end in the meantime. */
async function whileItRuns(
  context: VmContext & Launched,
  work: Work,
  act: (running: RunningProgram & { ended: Promise<ProgramEnd> }, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const signal = AbortSignal.any([work.signal, abort.signal]);
  const ended = context.host.supervisor.ended(context.supervised, signal);
  // It is cut off below, when nobody looks at it any more.
  ended.catch(() => undefined);
  try {
    await act({ ended, logFile: context.files.vmmLog }, signal);
  } finally {
    abort.abort();
  }
}
