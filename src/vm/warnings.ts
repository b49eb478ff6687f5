import { record, type VmContext } from './context.ts';

/** More than a person reads; a guest may print as many as it likes. */
const mostWarnings = 32;

/** Records what a start could not do as it was asked to, in place of what was recorded before. */
export function recordWarnings(context: VmContext, warnings: readonly string[]): void {
  const more = warnings.length - mostWarnings;
  const told = more > 0 ? [...warnings.slice(0, mostWarnings), `and ${more} more warnings`] : warnings;
  record(context, { warnings: JSON.stringify(told) });
}
