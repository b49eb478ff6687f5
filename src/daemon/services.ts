import type { Services } from '../api/services.ts';
import { managerName } from '../bus/interfaces.ts';
import { BangerError } from '../common/errors.ts';
import { examineHost } from '../doctor/host.ts';
import type { Parts } from './assemble.ts';
import { factsFor } from './facts.ts';
import { onLogLevel, setLogLevel } from './log.ts';
import type { Surroundings } from './surroundings.ts';
import { version } from './version.ts';

/** What the objects on the bus stand on. @param end ends the daemon, with the reason */
export function makeServices(
  parts: Parts,
  { bus, paths, log: { log, place, file } }: Surroundings,
  end: (reason: string) => void,
): Services {
  const { startedAt, host, linger, jobs, operations, monitor, upkeep, names, owners, socket } = parts;
  return {
    ownerOf: (sender) => owners.ownerOf(sender),
    vms: host.vms,
    operations,
    images: host.images,
    kernels: host.kernels,
    jobs,
    monitor,
    upkeep,
    doctor: () => examineHost(paths, factsFor(host, upkeep, names, linger(), log)),
    daemon: {
      version,
      status: () => {
        const lingers = linger();
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
          ...(lingers !== undefined && { linger: lingers }),
        };
      },
      dnsAddress: () => names.address,
      logLevel: () => log.level,
      onLogLevel: (listener) => onLogLevel(log, listener),
      setLogLevel: (level) => setLogLevel(log, level),
      quit: () => {
        const [job] = jobs.running;
        if (job)
          throw new BangerError('Busy', `a ${job.kind} is under way`, { remedy: 'wait for it or cancel it' });
        end('a client asked for it');
      },
    },
  };
}
