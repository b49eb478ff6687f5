import type { Reasons } from '../store/vm.ts';
import { getVm, record, type VmContext } from './context.ts';

/** Records why a VM got what it has, beside what else is recorded of that. */
export function recordReason(context: VmContext, about: keyof Reasons, reason: string): void {
  record(context, { reasons: { ...getVm(context).reasons, [about]: reason } });
}
