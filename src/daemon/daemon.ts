import { join } from 'node:path';
import { exportServices } from '../api/export.ts';
import type { Services } from '../api/services.ts';
import { endPrivateBus } from '../bus/activation.ts';
import type { Bus } from '../bus/connection.ts';
import { managerName } from '../bus/interfaces.ts';
import { ObjectTree } from '../bus/server.ts';
import { BangerError } from '../common/errors.ts';
import { type Paths, socketIn } from '../common/paths.ts';
import { makeOwnDirectory } from '../common/private-directory.ts';
import { requireSeparateDirectories } from '../common/separate-directories.ts';
import { loadConfig } from '../config/config.ts';
import { examineHost } from '../doctor/host.ts';
import { HttpServer } from '../http/server.ts';
import { Jobs } from '../job/jobs.ts';
import { Monitor } from '../monitor/monitor.ts';
import { sshConfigFileIn } from '../ssh/options.ts';
import { openStore, type Store } from '../store/database.ts';
import type { ServiceManager } from '../systemd/notify.ts';
import { Upkeep } from '../upkeep/upkeep.ts';
import { VmOperations } from '../vm/operations.ts';
import { reconcile } from '../vm/reconcile.ts';
import { SshConfigFile } from '../vm/ssh-config.ts';
import { lingerOf, makeDefaults, makeHost, makeResolver, makeSupervisor } from './compose.ts';
import { Owners } from './ephemeral.ts';
import { factsFor } from './facts.ts';
import { leave } from './farewell.ts';
import { IdleExit, idleMs } from './idle.ts';
import { logFailure, logJobs } from './job-log.ts';
import { listenAt } from './listen.ts';
import { lockState } from './lock.ts';
import { type DaemonLog, onLogLevel, setLogLevel } from './log.ts';
import { NameService } from './names.ts';
import { reload } from './reload.ts';
import { emptyScratch } from './scratch.ts';
import { StatusText } from './status-text.ts';
import { version } from './version.ts';

/** What the daemon was started with. */
export interface Surroundings {
  bus: Bus;
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

/**
 * Serves on a bus until told to stop, idle or without a bus. VMs outlive it.
 * @returns whether it ended for want of the bus
 * @throws Busy if there is another daemon, and what opening the state throws
 */
export async function serveManager(surroundings: Surroundings): Promise<boolean> {
  const { bus, paths } = surroundings;
  let lostBus = false;
  {
    using _lock = await lockState(paths.state, bus.address);
    const store = openStore(join(paths.state, 'banger.db'));
    try {
      lostBus = await serveFrom(store, surroundings);
    } finally {
      store.close();
    }
  }
  // A client that came meanwhile has the bus start the next daemon, which needs the lock on the state.
  await endPrivateBus(paths, bus);
  return lostBus;
}

async function serveFrom(store: Store, surroundings: Surroundings): Promise<boolean> {
  const { bus, log, service } = surroundings;
  const ended = Promise.withResolvers<string>();
  const lost = new AbortController();
  void bus.closed.then(() => lost.abort('the bus went away'));
  const stop = AbortSignal.any([surroundings.stop, lost.signal]);
  const { jobs, quiet, tree, http, close, runsVms } = await offer(store, surroundings, ended.resolve);
  stop.addEventListener('abort', () => ended.resolve(String(stop.reason)), { once: true });
  if (stop.aborted) ended.resolve(String(stop.reason));
  log.log.info(`ending: ${await ended.promise}`);
  quiet();
  await leave({ bus, service, tree, http, jobs, log: log.log, stop });
  await close();
  // A call that came in the last moment may have started a VM, which needs somebody to look after it.
  if (!stop.aborted && runsVms()) {
    bus.callBus('StartServiceByName', 'su', [managerName, 0]).catch(() => undefined);
    await bus.roundTrip().catch(() => undefined);
  }
  return lost.signal.aborted;
}

/** What ends with the daemon. */
interface Offered {
  jobs: Jobs;
  /** Ends what looks at VMs from time to time. */
  quiet: () => void;
  tree: ObjectTree;
  http: HttpServer;
  /** What is to be done when there are no jobs any more. */
  close: () => Promise<void>;
  runsVms: () => boolean;
}

/** Puts everything on the bus and on the socket. @param end ends the daemon, with the reason */
async function offer(
  store: Store,
  { bus, paths, log: { log, place, file }, service, sockets, onReload }: Surroundings,
  end: (reason: string) => void,
): Promise<Offered> {
  const startedAt = Date.now() * 1000;
  const config = () => loadConfig(paths);
  const host = makeHost(store, paths, log, config, await makeSupervisor(bus, log));
  const jobs = new Jobs((job, error) => logFailure(log, job, error), place);
  logJobs(jobs, log);
  const operations = new VmOperations(host, jobs, () => makeDefaults(config));
  const monitor = new Monitor(host, (id) => operations.contextOf(id), config);
  const upkeep = new Upkeep(host, operations, jobs, monitor, config);
  const { samples } = monitor;
  const http = new HttpServer({ log, logPlace: place, vms: host.vms, jobs, samples, stale: upkeep.stale });
  const socket = await listenAt(http, socketIn(paths.runtime), sockets.get('http'), log);
  const names = await NameService.begin(host.vms, makeResolver(log), log);
  const owners = await Owners.of(bus);
  const services: Services = {
    ownerOf: (sender) => owners.ownerOf(sender),
    vms: host.vms,
    operations,
    images: host.images,
    kernels: host.kernels,
    jobs,
    monitor,
    upkeep,
    doctor: () => examineHost(paths, factsFor(host, upkeep, names, log)),
    daemon: {
      version,
      status: () => {
        const linger = lingerOf(host.supervisor);
        return {
          pid: process.pid,
          version,
          started_at: startedAt,
          bus_address: bus.address,
          bus_name: managerName,
          state_directory: paths.state,
          log: place,
          ...(file !== undefined && { log_file: file }),
          socket,
          dns_address: names.address,
          ...(linger !== undefined && { linger }),
        };
      },
      dnsAddress: () => names.address,
      logLevel: () => log.level,
      onLogLevel: (listener) => onLogLevel(log, listener),
      setLogLevel: (level) => setLogLevel(log, level),
      quit: () => {
        const [job] = jobs.running;
        if (job) throw new BangerError('Busy', `a ${job.kind} is under way; wait for it or cancel it`);
        end('told to by a client');
      },
    },
  };

  const sshConfig = new SshConfigFile(sshConfigFileIn(paths.state), host.vms, host.userKey, log);
  await Promise.all([
    emptyScratch(host.scratchDirectory, log),
    host.images.tidy(log),
    host.kernels.tidy(log),
    sshConfig.follow(),
  ]);
  const tree = new ObjectTree(
    bus,
    (request, error) => log.error({ request, err: error }, 'a call failed'),
    place,
  );
  exportServices(tree, services);
  await reconcile(host, operations);
  owners.follow(host.vms, operations);
  names.follow(host.vms);
  monitor.begin();
  const runsVms = () => host.vms.list().some((vm) => vm.run?.program || vm.operation !== undefined);
  const isBusy = () => jobs.running.length > 0 || http.isInUse || tree.isAnswering || runsVms();
  const idle = new IdleExit(idleMs(), isBusy, () => end('idle'));
  tree.onActivity(() => idle.postpone());
  http.onActivity(() => idle.postpone());
  if (!(await bus.requestName(managerName))) {
    await Promise.all([http.close(0), names.end()]);
    throw new BangerError('Busy', `another program has ${managerName} on ${bus.address}; this one ends`);
  }
  http.publish();
  const status = new StatusText(service, host.vms, jobs);
  service.ready();
  onReload(async () => {
    service.reloading();
    status.problem = await reload(paths, log);
    service.ready();
  });
  log.info({ bus: bus.address, version }, 'ready');
  const close = async () => {
    host.shells.closeAll();
    await Promise.all([names.end(), sshConfig.write()]);
  };
  const quiet = () => {
    monitor.end();
    upkeep.end();
  };
  return { jobs, quiet, tree, http, close, runsVms };
}

/** Makes the directories that the daemon needs before anything else. @throws HostNotReady for those of others */
export function makeDirectories(paths: Paths): void {
  requireSeparateDirectories(paths);
  for (const kind of ['state', 'runtime', 'cache'] as const) makeOwnDirectory(paths, kind);
}
