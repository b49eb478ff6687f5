import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';
import { requireOwnDirectory } from '../common/private-directory.ts';
import { isSameProcess, type ProcessIdentity } from '../common/process.ts';
import { requireSeparateDirectories } from '../common/separate-directories.ts';
import { isSameBus } from './address.ts';
import { Bus } from './connection.ts';
import { openFirstBus } from './discovery.ts';
import { managerPath } from './interfaces.ts';
import { proxy } from './proxy.ts';
import { BusStartFailure, findDaemon, hasDaemon, startDaemon } from './start.ts';

export { endPrivateBus } from './private-bus.ts';

const connectTimeoutMs = 5_000;
/** How long to wait for a bangerd that is about to start or to end. */
const patienceMs = 15_000;
const pauseMs = 50;
/** A start may fail once because another daemon or the bus was just on its way out. */
const attempts = 2;

/**
 * The bus that bangerd is to serve on: the one its starter names, else the session's.
 * @throws HostNotReady if the environment names none
 */
export function daemonBusAddress(env: NodeJS.ProcessEnv): string {
  const address = env.BANGER_BUS_ADDRESS || env.DBUS_STARTER_ADDRESS || env.DBUS_SESSION_BUS_ADDRESS;
  if (address) return address;
  throw new BangerError('HostNotReady', 'no bus to serve on: DBUS_SESSION_BUS_ADDRESS is not set', {
    remedy: 'run any banger command, which starts bangerd with one',
  });
}

/**
 * A connection to a bus on which bangerd answers; where none runs it is started: by the bus if it knows how,
 * else by us. A bangerd of the same state directory on another bus is followed there.
 * @param bangerdLauncher the absolute path of the program to start
 * @param options start false: fail instead of starting anything
 * @throws DaemonUnreachable if it does not run and shall not, or cannot, be started; HostNotReady without
 *   dbus-daemon where there is no bus, and for directories that are not this user's or lead into each other
 */
export async function connectToManager(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  bangerdLauncher: string,
  { start }: { start: boolean },
): Promise<Bus> {
  requireSeparateDirectories(paths);
  const deadline = performance.now() + patienceMs;
  for (let failures = 0; ; await sleep(pauseMs)) {
    const running = await findManager(paths, env);
    if (running instanceof Bus) return running;
    if (!start)
      throw new BangerError('DaemonUnreachable', 'bangerd does not run', {
        remedy: 'any command that needs it starts it',
      });
    if (running.elsewhere) {
      if (performance.now() > deadline) throw unresponsive(paths, running.elsewhere);
      continue;
    }
    try {
      const bus = await startDaemon(paths, env, bangerdLauncher);
      // One that refuses to serve has left again by now, and tells why to whoever has it started next.
      await servesHere(bus, paths);
      return bus;
    } catch (error) {
      if (!(error instanceof BangerError) || error.code !== 'DaemonUnreachable') throw error;
      if (error instanceof BusStartFailure) failures++;
      // A daemon that is about to end, or to serve on another bus, is no failure yet; nor is the end of a bus.
      const isFinal = failures >= attempts && !readHolder(paths);
      if (isFinal || performance.now() > deadline) throw error;
    }
  }
}

/** Who holds the state directory, as that bangerd wrote it. */
interface Holder {
  identity: ProcessIdentity;
  busAddress: string;
}

/** The bus of a bangerd that answers, or the bangerd that holds the state on another bus and does not. */
async function findManager(paths: Paths, env: NodeJS.ProcessEnv): Promise<Bus | { elsewhere?: Holder }> {
  const first = (await openFirstBus(paths, env))?.bus;
  if (first && (await servesHere(first, paths))) return first;
  first?.close();
  // Somebody else's could name a bus that listens to everything we say.
  requireOwnDirectory(paths, 'state');
  const holder = readHolder(paths);
  if (!holder || (first && isSameBus(first.address, holder.busAddress, env))) return {};
  const other = await Bus.connect(holder.busAddress, connectTimeoutMs).catch(() => undefined);
  if (other && (await hasDaemon(other))) return other;
  other?.close();
  return { elsewhere: holder };
}

/**
 * Checks whether a bangerd serves on a bus, and that it has the VMs of this state directory: a user has one session bus,
 * and may have several homes.
 * @throws HostNotReady if it has others, and what it refuses to serve with
 */
async function servesHere(bus: Bus, paths: Paths): Promise<boolean> {
  const pid = await findDaemon(bus);
  if (pid === undefined) return false;
  if (readHolder(paths)?.identity.pid === pid) return true;
  const manager = proxy(bus, managerPath, 'org.banger.Manager1', { noAutoStart: true });
  // One that refuses to serve says why.
  const status = await manager.call('DaemonStatus').catch((error: unknown) => {
    if (error instanceof BangerError && error.code === 'DaemonUnreachable') return undefined;
    throw error;
  });
  // It has just ended.
  if (status === undefined) return false;
  const its = String(status.state_directory);
  if (realPath(its) === realPath(paths.state)) return true;
  bus.close();
  throw new BangerError(
    'HostNotReady',
    `the bangerd of this session (pid ${pid}) has the VMs of ${its}, not those of ${paths.state}`,
    {
      remedy: `use the HOME and XDG_STATE_HOME that it was started with, or end it with \`kill ${pid}\``,
    },
  );
}

/** A path without its links, or as it is where nothing is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function readHolder(paths: Paths): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(join(paths.state, 'daemon.json'), 'utf8'));
    const identity = {
      pid: Number(holder.pid),
      startTime: Number(holder.startTime),
      bootId: String(holder.bootId),
    };
    return isSameProcess(identity) ? { identity, busAddress: String(holder.busAddress) } : undefined;
  } catch {
    // No daemon, or one that died while it wrote this.
    return undefined;
  }
}

function unresponsive(paths: Paths, { identity, busAddress }: Holder): BangerError {
  return new BangerError(
    'DaemonUnreachable',
    `bangerd (pid ${identity.pid}) has ${paths.state} and does not answer on its bus ${busAddress}`,
    { remedy: `run \`kill ${identity.pid}\` and try again` },
  );
}
