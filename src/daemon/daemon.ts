import { join } from 'node:path';
import type { Logger } from 'pino';
import { exportServices } from '../api/export.ts';
import type { Services } from '../api/services.ts';
import { endPrivateBus } from '../bus/activation.ts';
import type { Bus } from '../bus/connection.ts';
import { managerName } from '../bus/interfaces.ts';
import { ObjectTree } from '../bus/server.ts';
import { BangerError, messageOf } from '../common/errors.ts';
import { daemonLogFile, makePrivateDirectory, type Paths, socketIn } from '../common/paths.ts';
import { sshConfigFileIn } from '../common/ssh.ts';
import { loadConfig } from '../config/config.ts';
import { examineHost } from '../doctor/host.ts';
import { HttpServer } from '../http/server.ts';
import { Jobs } from '../job/jobs.ts';
import { Monitor } from '../monitor/monitor.ts';
import { openStore, type Store } from '../store/database.ts';
import { VmOperations } from '../vm/operations.ts';
import { reconcile } from '../vm/reconcile.ts';
import { SshConfigFile } from '../vm/ssh-config.ts';
import { makeDefaults, makeHost } from './compose.ts';
import { Owners } from './ephemeral.ts';
import { IdleExit } from './idle.ts';
import { listenAt } from './listen.ts';
import { lockState } from './lock.ts';
import { setLogLevel } from './log.ts';
import { emptyScratch } from './scratch.ts';
import { version } from './version.ts';

/** How long the daemon stays when nothing needs it. */
const idleMs = 60_000;
/** How long a call that asks for the end waits for its own answer to leave. */
const farewellMs = 50;

/**
 * Serves on a bus until told to stop, idle or without a bus. VMs outlive it.
 * @throws Busy if there is another daemon, and what opening the state throws
 */
export async function serve(bus: Bus, paths: Paths, log: Logger, stop: AbortSignal): Promise<void> {
  {
    using _lock = await lockState(paths.state, bus.address);
    const store = openStore(join(paths.state, 'banger.db'));
    try {
      const stopped = Promise.withResolvers<string>();
      const { jobs, monitor, close } = await offer(bus, paths, log, store, stopped.resolve);
      stop.addEventListener('abort', () => stopped.resolve(`told to by ${stop.reason}`), { once: true });
      void bus.closed.then(() => stopped.resolve('the bus went away'));
      log.info(`ending: ${await stopped.promise}`);
      monitor.end();
      await jobs.cancelAll();
      await close();
      await bus.releaseName(managerName).catch(() => undefined);
      await bus.roundTrip().catch(() => undefined);
    } finally {
      store.close();
    }
  }
  // A client that came meanwhile has the bus start the next daemon, which needs the lock on the state.
  await endPrivateBus(paths, bus);
}

/** What ends with the daemon. */
interface Offered {
  jobs: Jobs;
  monitor: Monitor;
  /** What is to be done when there are no jobs any more. */
  close: () => Promise<void>;
}

/** Puts everything on the bus and on the socket. @param end ends the daemon, with the reason */
async function offer(
  bus: Bus,
  paths: Paths,
  log: Logger,
  store: Store,
  end: (reason: string) => void,
): Promise<Offered> {
  const startedAt = Date.now() * 1000;
  const config = () => loadConfig(paths);
  const host = makeHost(store, paths, log, config);
  const jobs = new Jobs((job, error) =>
    log.error({ job: job.number, object: job.object, err: error }, `${job.kind} failed: ${messageOf(error)}`),
  );
  const operations = new VmOperations(host, jobs, () => makeDefaults(config));
  const monitor = new Monitor(host, operations, jobs, config);
  const http = new HttpServer({ log, vms: host.vms, jobs, monitor });
  const socket = await listenAt(http, socketIn(paths.runtime), log);
  const owners = await Owners.of(bus);
  const services: Services = {
    ownerOf: (sender) => owners.ownerOf(sender),
    vms: host.vms,
    operations,
    images: host.images,
    kernels: host.kernels,
    jobs,
    monitor,
    doctor: () => examineHost(paths, host.hostDirectory),
    daemon: {
      version,
      status: () => ({
        pid: process.pid,
        version,
        started_at: startedAt,
        bus_address: bus.address,
        bus_name: managerName,
        state_directory: paths.state,
        log_file: daemonLogFile(paths.state),
        socket,
      }),
      logLevel: () => log.level,
      setLogLevel: (level) => setLogLevel(log, level),
      quit: () => {
        const [job] = jobs.running;
        if (job) throw new BangerError('Busy', `a ${job.kind} is under way; wait for it or cancel it`);
        setTimeout(() => end('told to by a client'), farewellMs);
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
  const tree = new ObjectTree(bus, (request, error) => log.error({ request, err: error }, 'a call failed'));
  exportServices(tree, services);
  await reconcile(host.vms, operations);
  owners.follow(host.vms, operations);
  monitor.begin();
  const isBusy = () =>
    jobs.running.length > 0 ||
    http.isInUse ||
    host.vms.list().some((vm) => vm.supervised !== null || vm.operation !== null);
  const idle = new IdleExit(idleMs, isBusy, () => end('idle'));
  tree.onActivity(() => idle.postpone());
  http.onActivity(() => idle.postpone());
  if (!(await bus.requestName(managerName))) {
    http.close();
    throw new BangerError('Busy', `another program has ${managerName} on ${bus.address}; this one ends`);
  }
  http.publish();
  log.info({ bus: bus.address, version }, 'ready');
  const close = async () => {
    http.close();
    host.shells.closeAll();
    await sshConfig.write();
  };
  return { jobs, monitor, close };
}

/** Makes the directories that the daemon needs before anything else. */
export function makeDirectories(paths: Paths): void {
  for (const directory of [paths.state, paths.runtime, paths.cache]) makePrivateDirectory(directory);
}
