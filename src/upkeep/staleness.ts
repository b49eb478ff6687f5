import type { Usage } from '../guest/usage.ts';

/** What was seen of a running VM at a moment. */
export interface Observation {
  /** Milliseconds of a clock that stands still while the host is suspended, as `performance.now` does. */
  atMs: number;
  /** What the guest told; absent if it did not answer. */
  guest: Usage | undefined;
  /** Whether the daemon works on the VM or somebody has just asked how to reach it. */
  isWorkedOn: boolean;
}

/** Since when nobody has used a VM. */
export interface Disuse {
  sinceMs: number;
  /** What the guest's processors had done at the beginning of the present window. */
  window: { atMs: number; busyMs: number; totalMs: number };
  /** When it is to be stopped; absent before it is stale. */
  stopAtMs?: number;
}

/** A guest does some work for itself; what is below this share of its processors is not use. */
const idleShare = 0.02;
/** Processors are looked at over this long: shorter, and the guest's own housekeeping would be use. */
const maxWindowMs = 60_000;
const maxGraceMs = 60_000;

/** Gets how long a stale VM is announced before it is stopped. */
export function graceMs(staleAfterMs: number): number {
  return Math.min(maxGraceMs, staleAfterMs / 10);
}

/**
 * What an observation makes of what was known. On a doubt a VM is in use: a guest that does not answer, or
 * that does not tell what its processors did.
 * @param before nothing if the VM was in use or was never looked at
 * @returns nothing if it is in use
 */
export function judge(
  before: Disuse | undefined,
  { atMs, guest, isWorkedOn }: Observation,
  staleAfterMs: number,
): Disuse | undefined {
  if (!guest?.cpu || guest.connections > 0 || isWorkedOn) return undefined;
  const now = { atMs, ...guest.cpu };
  if (!before) return { sinceMs: atMs, window: now };
  const windowMs = Math.min(maxWindowMs, staleAfterMs / 4);
  if (isBusy(before.window, now, windowMs)) return undefined;
  const window = atMs - before.window.atMs < windowMs ? before.window : now;
  const { sinceMs } = before;
  if (atMs - sinceMs < staleAfterMs) return { sinceMs, window };
  return { sinceMs, window, stopAtMs: before.stopAtMs ?? atMs + graceMs(staleAfterMs) };
}

/** Checks whether the processors did more than would make a whole window busy; also when they ran backwards. */
function isBusy(start: Disuse['window'], now: Disuse['window'], windowMs: number): boolean {
  const [busy, total] = [now.busyMs - start.busyMs, now.totalMs - start.totalMs];
  if (busy < 0 || total < 0) return true;
  if (busy === 0) return false;
  return (busy / total) * Math.min(1, (now.atMs - start.atMs) / windowMs) >= idleShare;
}
