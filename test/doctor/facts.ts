import type { DaemonFacts } from '../../src/doctor/host.ts';

/** Those of a daemon that has no VMs, on a host without banger-netd where names are found. */
export function daemonFacts(given: Partial<DaemonFacts> = {}): DaemonFacts {
  return {
    hostDirectory: '/nonexistent',
    drops: async () => undefined,
    takenPorts: async () => undefined,
    names: async () => ({
      address: '127.0.0.1:42069',
      user: 'alice',
      state: { kind: 'absent' },
      isFound: { everyones: true, own: true },
    }),
    ...given,
  };
}
