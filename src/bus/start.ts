import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BangerError, type Obstacle, parseSentence } from '../common/errors.ts';
import { lockFile } from '../common/lock.ts';
import type { Paths } from '../common/paths.ts';
import { makeOwnDirectory } from '../common/private-directory.ts';
import { Bus } from './connection.ts';
import { ensureBus } from './discovery.ts';
import { daemonEnvironment } from './environment.ts';
import { RemoteError } from './errors.ts';
import { managerName } from './interfaces.ts';
import { leavePrivateBus, privateBusFiles, writeService } from './private-bus.ts';

const connectTimeoutMs = 5_000;
/** Until a bangerd that was started must have taken its name. */
const startTimeoutMs = 30_000;

/** A bangerd ended before it served; trying again may help if another was on its way out. */
export class BusStartFailure extends BangerError {}

/** Checks whether a bangerd has its name on this bus; not if the bus has just ended. */
export async function hasDaemon(bus: Bus): Promise<boolean> {
  return (await findDaemon(bus)) !== undefined;
}

/** Finds the pid of the bangerd that has its name on this bus. */
export async function findDaemon(bus: Bus): Promise<number | undefined> {
  const [pid] = await bus.callBus('GetConnectionUnixProcessID', 's', [managerName]).catch(() => []);
  return typeof pid === 'number' ? pid : undefined;
}

/**
 * Starts bangerd on the bus that a client finds first, itself started if there is none, and gives a
 * connection to it. However many do so at the same time, one bangerd is started.
 * @throws DaemonUnreachable saying why it did not start, Timeout, HostNotReady without dbus-daemon
 */
export async function startDaemon(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  bangerdLauncher: string,
): Promise<Bus> {
  const { address, kind } = await ensureBus(paths, env, bangerdLauncher);
  const bus = await Bus.connect(address, connectTimeoutMs);
  try {
    if (kind === 'private') writeService(paths, bangerdLauncher);
    const log = kind === 'private' ? privateBusFiles(paths).log : undefined;
    if (!(await startByBus(bus, log))) await startOurselves(bus, paths, env, bangerdLauncher);
    return bus;
  } catch (error) {
    // A bus that was started for this ends with the failure.
    await leavePrivateBus(paths, bus);
    throw error;
  }
}

/** Has the bus start bangerd; false if it does not know how. */
async function startByBus(bus: Bus, log: string | undefined): Promise<boolean> {
  const before = log ? sizeOf(log) : 0;
  try {
    await bus.callBus('StartServiceByName', 'su', [managerName, 0], startTimeoutMs);
    return true;
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    if (error.dbusName === 'org.freedesktop.DBus.Error.ServiceUnknown') return false;
    // What a unit says when it fails, only its manager knows.
    if (!log) {
      const remedy = 'read why with `journalctl --user -u bangerd`';
      throw didNotStart({ problem: error.problem, remedy }, error);
    }
    throw didNotStart(lastWords(log, before) ?? error, error);
  }
}

/** For a session bus without our activation file: a checkout, or a session older than the installation. */
async function startOurselves(
  bus: Bus,
  paths: Paths,
  env: NodeJS.ProcessEnv,
  bangerdLauncher: string,
): Promise<void> {
  makeOwnDirectory(paths, 'runtime');
  using lock = await lockFile(join(paths.runtime, 'start.lock'), startTimeoutMs);
  if (!lock) throw new BangerError('Timeout', 'another banger has been starting bangerd for too long');
  if (await hasDaemon(bus)) return;
  const log = join(paths.runtime, 'start.log');
  const output = openSync(log, 'w', 0o600);
  const child = spawn(bangerdLauncher, [], {
    detached: true,
    cwd: '/',
    env: { ...daemonEnvironment(env), BANGER_BUS_ADDRESS: bus.address },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const settled = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    child.kill('SIGTERM');
    settled.reject(
      new BangerError('Timeout', `bangerd did not take its name within ${startTimeoutMs / 1000} s`),
    );
  }, startTimeoutMs);
  child.on('error', (error) => settled.reject(didNotStart({ problem: error.message }, error)));
  child.on('exit', (code, signal) =>
    settled.reject(
      didNotStart(lastWords(log, 0) ?? { problem: `it ended with ${signal ?? `status ${code}`}` }),
    ),
  );
  void bus.closed.then(() => settled.reject(new BangerError('DaemonUnreachable', 'the bus went away')));
  try {
    const watching = bus.watchOwner(managerName, (owner) => owner && settled.resolve());
    watching.catch(settled.reject);
    await settled.promise;
    await (await watching)();
  } finally {
    clearTimeout(timer);
    child.removeAllListeners();
    child.unref();
  }
}

function didNotStart({ problem, remedy }: Obstacle, cause?: unknown): BusStartFailure {
  return new BusStartFailure('DaemonUnreachable', `bangerd did not start: ${problem}`, { remedy, cause });
}

/** The last sentence that bangerd wrote to its standard error from this offset on. */
function lastWords(log: string, offset: number): Obstacle | undefined {
  const lines = readFileSync(log).subarray(offset).toString('utf8').split('\n');
  const sentence = lines.findLast((line) => line.startsWith('bangerd: '))?.slice('bangerd: '.length);
  return sentence === undefined ? undefined : parseSentence(sentence);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
