import { messageOf } from '../common/errors.ts';
import type { VmRecord } from '../store/vms.ts';
import { record } from './context.ts';
import { defaultStopMs, type VmOperations } from './operations.ts';
import type { VmRegistry } from './registry.ts';
import { endProgram, forgetProgram, supervisedOf } from './stop.ts';
import { discardCutShort } from './workspace.ts';

/**
 * Makes the record and the world agree after the daemon was away: running VMs are adopted, what was cut
 * short is finished (stop, set, delete) or undone (create, start).
 */
export async function reconcile(vms: VmRegistry, operations: VmOperations): Promise<void> {
  await Promise.all(vms.list().map((vm) => reconcileOne(vm, operations)));
}

async function reconcileOne(vm: VmRecord, operations: VmOperations): Promise<void> {
  const context = operations.contextOf(vm.id);
  const { log, supervisor } = context.host;
  switch (vm.operation) {
    case 'create':
    case 'delete':
      log.info({ vm: vm.id }, `removing ${vm.name}: bangerd ended during its ${vm.operation}`);
      operations.delete(vm.id, true);
      return;
    case 'start':
      log.info({ vm: vm.id }, `stopping ${vm.name}: bangerd ended while it was starting`);
      await endProgram(context);
      record(context, {
        operation: null,
        lastError: `bangerd ended while it was starting; start it again with \`banger vm start ${vm.name}\``,
      });
      return;
    case 'stop':
      operations.stop(vm.id, defaultStopMs);
      return;
    case 'set':
    case null: {
      const supervised = supervisedOf(context);
      if (supervised && (await supervisor.isRunning(supervised))) {
        operations.watch.begin(vm.id);
        // Nobody waits for it: a guest may be slow, or away.
        void discardCutShort(context).catch((error: unknown) => log.warn({ vm: vm.id }, messageOf(error)));
      } else if (supervised) await forgetProgram(context);
      if (vm.operation === 'set') operations.finishSet(vm.id);
    }
  }
}
