import { bootId } from '../common/boot.ts';
import { getMessage } from '../common/errors.ts';
import type { Vm } from '../store/vm.ts';
import { type Supervised, unknownEnd } from '../supervise/supervisor.ts';
import { type MachineEnd, machineEnd } from '../vmm/end.ts';
import { getVm, type Host, record, type VmContext } from './context.ts';
import { recordEnd } from './ended.ts';
import { adoptFrozen } from './frozen.ts';
import { recordedOperation } from './operation/state.ts';
import type { AfterCrash } from './operation/table.ts';
import { defaultStopMs, type VmOperations } from './operations.ts';
import { endProgram, formatProgramName, getSupervised } from './program.ts';
import { discardCutShort } from './workspace.ts';

/** How long a supervisor may take to tell how a program ended. */
const askMs = 5_000;

/**
 * Makes the record and the world agree after the daemon was away: running VMs are adopted, what was cut
 * short is finished (stop, set, delete) or undone (create, start).
 */
export async function reconcile(host: Host, operations: VmOperations): Promise<void> {
  const vms = host.vms.list();
  await Promise.all([endStrays(host, vms), ...vms.map((vm) => reconcileOne(vm, operations))]);
}

/**
 * Stops VMMs that this state directory's daemon started and that no row knows, as when a database was put back from a copy:
 * their disks may be gone, or be used again. Those of another state directory of this user are left alone.
 */
async function endStrays({ log, supervisor, stateDirectory }: Host, vms: readonly Vm[]): Promise<void> {
  const known = vms.filter((vm) => vm.run?.program || vm.operation !== undefined);
  const names = new Set(known.map(({ id }) => formatProgramName(id)));
  try {
    const strays = await supervisor.endStrays(stateDirectory, names);
    for (const stray of strays)
      log.warn({ program: stray }, `${stray} runs and belongs to no VM; stopping it`);
  } catch (error) {
    log.warn({}, `VMMs that belong to no VM could not be looked for: ${getMessage(error)}`);
  }
}

async function reconcileOne(vm: Vm, operations: VmOperations): Promise<void> {
  const afterCrash = recordedOperation(vm)?.afterCrash;
  await (afterCrash ? finish[afterCrash] : adopt)(vm, operations);
}

/** What is left to do of an operation that was cut short. */
const finish: Readonly<Record<AfterCrash, (vm: Vm, operations: VmOperations) => Promise<void> | void>> = {
  delete(vm, operations) {
    const { log } = operations.contextOf(vm.id).host;
    log.info({ vm: vm.id }, `removing ${vm.name}: bangerd ended during its ${vm.operation}`);
    operations.delete(vm.id, true);
  },
  async 'end-program'(vm, operations) {
    const context = operations.contextOf(vm.id);
    context.host.log.info({ vm: vm.id }, `stopping ${vm.name}: bangerd ended while it was starting`);
    await endProgram(context);
    record(context, {
      operation: undefined,
      lastError: `bangerd ended while it was starting; start it again with \`banger vm start ${vm.name}\``,
    });
  },
  stop(vm, operations) {
    operations.stop(vm.id, defaultStopMs);
  },
  async 'adopt-and-set'(vm, operations) {
    await adopt(vm, operations);
    operations.finishSet(vm.id);
  },
};

/** Watches a VM that runs; of one that ran, records the end. */
async function adopt(vm: Vm, operations: VmOperations): Promise<void> {
  const context = operations.contextOf(vm.id);
  const { log, supervisor } = context.host;
  const supervised = getSupervised(context);
  if (!supervised) return;
  if (!(await supervisor.isRunning(supervised))) {
    const end = await endOf(context, supervised);
    // A guest that rebooted before its host did is not what anybody waits for.
    const rebooted = end.guest?.kind === 'reboot' && supervised.bootId === bootId();
    await (rebooted ? operations.rebootByGuest(vm.id) : recordEnd(context, end));
    return;
  }
  operations.watch.begin(vm.id);
  await adoptFrozen(context);
  // Nobody waits for it: a guest may be slow, or away.
  void discardCutShort(context).catch((error: unknown) => log.warn({ vm: vm.id }, getMessage(error)));
}

/** How a program ended that runs no more; of one that nobody can tell of, that it did. */
async function endOf(context: VmContext, supervised: Supervised): Promise<MachineEnd> {
  const { host, id, files } = context;
  const end = await host.supervisor.ended(supervised, AbortSignal.timeout(askMs)).catch((error: unknown) => {
    host.log.warn({ vm: id }, `how its VMM ended is not known: ${getMessage(error)}`);
    return unknownEnd;
  });
  return await machineEnd(end, getVm(context).vmm, files);
}
