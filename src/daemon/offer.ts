import { exportServices } from '../api/export.ts';
import { managerName } from '../bus/interfaces.ts';
import { ObjectTree } from '../bus/server.ts';
import { BangerError } from '../common/errors.ts';
import type { HttpServer } from '../http/server.ts';
import type { Jobs } from '../job/jobs.ts';
import { sshConfigFileIn } from '../ssh/options.ts';
import type { Store } from '../store/database.ts';
import { reconcile } from '../vm/reconcile.ts';
import { SshConfigFile } from '../vm/ssh-config.ts';
import { assemble, type Parts } from './assemble.ts';
import { IdleExit, idleMs } from './idle.ts';
import { reload } from './reload.ts';
import { emptyScratch } from './scratch.ts';
import { makeServices } from './services.ts';
import { StatusText } from './status-text.ts';
import type { Surroundings } from './surroundings.ts';
import { version } from './version.ts';

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

/** Puts everything on the bus and on the socket. @param end ends the daemon, with the reason. @throws Busy */
export async function offer(
  store: Store,
  surroundings: Surroundings,
  end: (reason: string) => void,
): Promise<Offered> {
  const { bus, paths, log } = surroundings;
  const parts = await assemble(store, surroundings);
  const { host, jobs, operations, monitor, upkeep, names, owners, http } = parts;
  const services = makeServices(parts, surroundings, end);
  const sshConfig = new SshConfigFile(sshConfigFileIn(paths.state), host.vms, host.userKey, log.log);
  await Promise.all([
    emptyScratch(host.scratchDirectory, log.log),
    host.images.tidy(log.log),
    host.kernels.tidy(log.log),
    sshConfig.follow(),
  ]);
  const failed = (request: string, error: unknown) => log.log.error({ request, err: error }, 'a call failed');
  const tree = new ObjectTree(bus, failed, log.place);
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
  await publish(parts, surroundings);
  const quiet = () => {
    monitor.end();
    upkeep.end();
  };
  const close = async () => {
    host.shells.closeAll();
    await Promise.all([names.end(), sshConfig.write()]);
  };
  return { jobs, quiet, tree, http, close, runsVms };
}

/** Takes the name on the bus, and tells systemd that everything is there. @throws Busy if another program has the name */
async function publish(
  { host, jobs, names, http }: Parts,
  { bus, paths, log: { log }, service, onReload }: Surroundings,
): Promise<void> {
  if (!(await bus.requestName(managerName))) {
    await Promise.all([http.close(0), names.end()]);
    throw new BangerError('Busy', `another program has ${managerName} on ${bus.address}`, {
      remedy: 'end that program, or use its bangerd',
    });
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
}
