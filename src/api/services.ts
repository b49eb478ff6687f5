import type { ImageLibrary } from '../image/library.ts';
import type { Jobs } from '../job/jobs.ts';
import type { KernelLibrary } from '../kernel/library.ts';
import type { Monitor } from '../monitor/monitor.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import type { VmOperations } from '../vm/operations.ts';
import type { VmRegistry } from '../vm/registry.ts';

/** What stands behind the exported objects. */
export interface Services {
  vms: VmRegistry;
  operations: VmOperations;
  images: ImageLibrary;
  kernels: KernelLibrary;
  jobs: Jobs;
  /** What stands for a client of the bus as the owner of an ephemeral VM. */
  ownerOf: (sender: string) => string;
  monitor: Monitor;
  upkeep: Upkeep;
  doctor: () => Promise<{ check: string; status: string; detail: string; remedy: string }[]>;
  daemon: {
    version: string;
    status: () => Record<string, string | number | boolean>;
    /** Where names of VMs are served; empty where they are not. */
    dnsAddress: () => string;
    logLevel: () => string;
    /** Calls back when the level has changed, whatever changed it. */
    onLogLevel: (listener: () => void) => void;
    /** @throws InvalidArgs for a level that there is not */
    setLogLevel: (level: string) => void;
    /** Ends the daemon once the caller has its answer. @throws Busy while a job runs */
    quit: () => void;
  };
}
