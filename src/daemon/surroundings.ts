import type { Bus } from '../bus/connection.ts';
import type { Paths } from '../common/paths.ts';
import type { ServiceManager } from '../systemd/notify.ts';
import type { Platform } from './compose.ts';
import type { DaemonLog } from './log.ts';

/** What the daemon was started with. */
export interface Surroundings {
  bus: Bus;
  platform: Platform;
  paths: Paths;
  log: DaemonLog;
  service: ServiceManager;
  /** Descriptors of sockets that systemd opened, by their names. */
  sockets: ReadonlyMap<string, number>;
  /** Aborted when the daemon shall end. */
  stop: AbortSignal;
  /** Has somebody told when the configuration shall be read again. */
  onReload: (listener: () => void) => void;
}
