import type { VmRecord } from '../store/vms.ts';
import { record, type VmContext, vmOf } from './context.ts';

/** Why a VM got at its last start what it has: sentences for people by what they are about. */
export type Reasons = Partial<Record<'network' | 'vmm', string>>;

/** The reasons that are recorded of a VM. */
export function reasonsOf({ reasons }: Pick<VmRecord, 'reasons'>): Reasons {
  return JSON.parse(reasons) as Reasons;
}

/** Records why a VM got what it has, beside what else is recorded of that. */
export function recordReason(context: VmContext, about: keyof Reasons, reason: string): void {
  record(context, { reasons: JSON.stringify({ ...reasonsOf(vmOf(context)), [about]: reason }) });
}
