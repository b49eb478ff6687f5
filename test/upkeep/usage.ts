import type { Usage } from '../../src/guest/usage.ts';

/** What a guest with one processor tells that was up for a time and busy for some of it. */
export function usageAt(uptimeMs: number, busyMs: number, connections = 0): Usage {
  return { uptimeMs, cpu: { busyMs, totalMs: uptimeMs }, connections };
}
