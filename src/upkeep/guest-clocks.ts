import type { Log } from '../common/log.ts';
import type { Vm } from '../store/vm.ts';
import { setGuestClock } from '../vm/clock.ts';
import type { VmContext } from '../vm/context.ts';

/** Sets the clocks of these guests, which know neither of a suspend of the host nor that its clock was set. */
export function setGuestClocks(
  running: readonly Vm[],
  jumpedMs: number,
  contextOf: (id: string) => VmContext,
  log: Log,
): void {
  if (running.length === 0) return;
  log.info(
    { jump_ms: jumpedMs },
    `the clock of the host has jumped by ${(jumpedMs / 1000).toFixed(1)} s: it was set, or the host was suspended; setting those of the guests`,
  );
  for (const { id } of running) void setGuestClock(contextOf(id));
}
