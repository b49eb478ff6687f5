/** More than anybody reboots by hand. A boot without hardware virtualisation takes up to 20 s, so that a loop is seen. */
export const maxReboots = 5;
export const rebootPeriodMs = 5 * 60_000;

/** Bounds how often guests reboot by themselves, as systemd bounds the starts of a unit (StartLimitBurst=). */
export class RebootLimit {
  /** When each VM was last rebooted by its guest, in milliseconds of `performance.now`, the oldest first. */
  readonly #times = new Map<string, readonly number[]>();

  /** Counts a reboot of a VM. @returns whether it may be: not if there were too many just before it */
  take(id: string, atMs: number = performance.now()): boolean {
    const recent = (this.#times.get(id) ?? []).filter((time) => atMs - time < rebootPeriodMs);
    if (recent.length >= maxReboots) {
      // Who starts the VM then may try as often again.
      this.#times.delete(id);
      return false;
    }
    this.#times.set(id, [...recent, atMs]);
    return true;
  }
}
