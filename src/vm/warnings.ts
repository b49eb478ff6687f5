import type { Host } from './context.ts';

/** More than a person reads; a guest may print as many as it likes. */
const maxWarnings = 32;

/** What the last start of a VM could not do as it was asked to, and what went wrong since. */
export function getWarnings({ vms }: Pick<Host, 'vms'>, id: string): readonly string[] {
  return vms.get(id).warnings;
}

/** Records what there is to warn of, in place of what was recorded before. */
export function recordWarnings({ vms }: Pick<Host, 'vms'>, id: string, warnings: readonly string[]): void {
  const more = warnings.length - maxWarnings;
  const told = more > 0 ? [...warnings.slice(0, maxWarnings), `and ${more} more warnings`] : warnings;
  vms.record(id, { warnings: told });
}
