import { socketIn } from '../common/paths.ts';
import { loadConfig } from '../config/config.ts';
import { HttpServer } from '../http/server.ts';
import { Jobs } from '../job/jobs.ts';
import { Monitor } from '../monitor/monitor.ts';
import type { Store } from '../store/database.ts';
import { Upkeep } from '../upkeep/upkeep.ts';
import type { Host } from '../vm/context.ts';
import { VmOperations } from '../vm/operations.ts';
import { makeDefaults, makeHost } from './compose.ts';
import { Owners } from './ephemeral.ts';
import { logFailure, logJobs } from './job-log.ts';
import { listenAt } from './listen.ts';
import { NameService } from './names.ts';
import type { Surroundings } from './surroundings.ts';

/** What the daemon is made of. */
export interface Parts {
  /** Microseconds since the epoch. */
  startedAt: number;
  host: Host;
  /** Whether VMs outlive the last logout of their user; nothing where that does not concern them. */
  linger: () => boolean | undefined;
  jobs: Jobs;
  operations: VmOperations;
  monitor: Monitor;
  upkeep: Upkeep;
  names: NameService;
  owners: Owners;
  http: HttpServer;
  /** Where HTTP is served; empty where it is not. */
  socket: string;
}

/** Makes what the daemon is made of. Nothing is on the bus yet, and the socket refuses until it is published. */
export async function assemble(
  store: Store,
  { bus, platform, paths, log: { log, place }, sockets }: Surroundings,
): Promise<Parts> {
  const startedAt = Date.now() * 1000;
  const config = () => loadConfig(paths);
  const supervisor = await platform.supervisor(bus, log);
  const host = makeHost(platform, store, paths, log, config, supervisor);
  const jobs = new Jobs((job, error) => logFailure(log, job, error), place);
  logJobs(jobs, log);
  const operations = new VmOperations(host, jobs, () => makeDefaults(config));
  const monitor = new Monitor(host, (id) => operations.contextOf(id), config);
  const upkeep = new Upkeep(host, operations, jobs, monitor, config);
  const { samples } = monitor;
  const http = new HttpServer({ log, logPlace: place, vms: host.vms, jobs, samples, stale: upkeep.stale });
  const socket = await listenAt(http, socketIn(paths.runtime), sockets.get('http'), log);
  const names = await NameService.begin(host.vms, platform.resolver(log), log);
  const owners = await Owners.of(bus);
  const linger = () => platform.linger(supervisor);
  return { startedAt, host, linger, jobs, operations, monitor, upkeep, names, owners, http, socket };
}
