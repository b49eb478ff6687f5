import { BangerError } from '../common/errors.ts';
import { readStat } from '../common/proc.ts';
import type { Vm } from '../store/vm.ts';
import { getVm, record, type VmContext } from './context.ts';
import { getVmState } from './operation/state.ts';
import { getSupervised } from './program.ts';

/** Sees to it that a VM is not one whose VMM stands still and answers nobody. @throws NotRunning */
export function expectThawed(vm: Vm): void {
  if (getVmState(vm) !== 'frozen') return;
  throw new BangerError('NotRunning', `${vm.name} is frozen: its VMM was stopped by a signal`, {
    remedy: `continue it with \`banger vm kill --signal CONT ${vm.name}\``,
  });
}

/** Records whether the VMM of a VM that an earlier daemon left stands still, as the process itself tells. */
export async function adoptFrozen(context: VmContext): Promise<void> {
  const supervised = getSupervised(context);
  const pid = supervised && (await context.host.supervisor.mainPid(supervised));
  if (pid !== undefined && readStat(pid)?.state === 'T') record(context, { run: { isFrozen: true } });
}

/** Has the VMM of a VM that is frozen go on, before it is asked for something. */
export async function thaw(context: VmContext): Promise<void> {
  const supervised = getSupervised(context);
  if (supervised === undefined || !getVm(context).run?.isFrozen) return;
  await context.host.supervisor.signal(supervised, 'SIGCONT');
  record(context, { run: { isFrozen: false } });
}
