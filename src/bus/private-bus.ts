import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError, getMessage, getSystemCode } from '../common/errors.ts';
import { type Lock, lockFile } from '../common/lock.ts';
import type { Paths } from '../common/paths.ts';
import { makeOwnDirectory, makePrivateDirectory } from '../common/private-directory.ts';
import { identify, isSameProcess, type ProcessIdentity } from '../common/process.ts';
import { formatSocketAddress, isSameBus } from './address.ts';
import { Bus } from './connection.ts';
import { daemonEnvironment } from './environment.ts';
import { managerName } from './interfaces.ts';
import { formatActivationFile, formatBusConfig } from './private-bus-config.ts';

const startTimeoutMs = 10_000;
const lockTimeoutMs = 20_000;
/** How long the end waits for clients that are about to hang up, or to call a new bangerd. */
const lingerMs = 10_000;
/** How long dbus-daemon has to end when told to. */
const killAfterMs = 2_000;
const pollMs = 25;

/** The files of the bus that banger starts where there is none. */
export function privateBusFiles(paths: Paths) {
  const directory = join(paths.runtime, 'bus');
  return {
    directory,
    /** Its address on one line, while it runs. */
    address: join(directory, 'address'),
    process: join(directory, 'process.json'),
    socket: join(directory, 'socket'),
    lock: join(directory, 'lock'),
    config: join(directory, 'bus.conf'),
    services: join(directory, 'services'),
    log: join(directory, 'log'),
  };
}

/**
 * Starts the private bus unless it runs, and gives its address. It outlives us, in a session of its own.
 * @param bangerdLauncher what it starts for org.banger.Manager1
 * @throws HostNotReady if dbus-daemon is not installed or does not start
 */
export async function startPrivateBus(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  bangerdLauncher: string,
): Promise<string> {
  const files = privateBusFiles(paths);
  using _lock = await lockBus(paths);
  if (existsSync(files.address)) {
    const address = readFileSync(files.address, 'utf8').trim();
    const bus = await Bus.connect(address, startTimeoutMs).catch(() => undefined);
    bus?.close();
    if (bus) return address;
    await killBus(paths);
  }
  const address = formatSocketAddress(files.socket);
  mkdirSync(files.services, { recursive: true, mode: 0o700 });
  writeService(paths, bangerdLauncher);
  writeFileSync(files.config, formatBusConfig(address, files.services), { mode: 0o600 });
  rmSync(files.socket, { force: true });
  const pid = await launch(files, { ...daemonEnvironment(env), DBUS_SESSION_BUS_ADDRESS: undefined });
  try {
    writeAtomically(files.process, JSON.stringify(identify(pid)));
    writeAtomically(files.address, `${address}\n`);
  } catch (error) {
    // Nobody would find it.
    process.kill(pid, 'SIGKILL');
    throw error;
  }
  return address;
}

/** Has a private bus that runs start this bangerd from now on; it may know one of a checkout that is gone. */
export function writeService(paths: Paths, bangerdLauncher: string): void {
  const file = join(privateBusFiles(paths).services, `${managerName}.service`);
  const text = formatActivationFile(managerName, bangerdLauncher);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeAtomically(file, text);
}

/**
 * Ends the private bus with the bangerd that served on it; does nothing on a bus that is not banger's. To be
 * called once the daemon has released its name and its lock on the state directory: clients that are still
 * there get a moment to hang up, or to have the bus start another bangerd, to which the bus then belongs.
 * @param bus the daemon's own connection
 */
export async function endPrivateBus(paths: Paths, bus: Bus): Promise<void> {
  if (!isPrivate(paths, bus)) return;
  const deadline = performance.now() + lingerMs;
  for (;;) {
    while ((await usageOf(bus)) === 'clients' && performance.now() < deadline) await sleep(pollMs);
    using _lock = await lockBus(paths);
    // Asked again: somebody may have come while we waited for the lock, and be about to have a daemon.
    const usage = await usageOf(bus);
    if (usage === 'daemon' || usage === 'gone') return;
    if (usage === 'clients' && performance.now() < deadline) continue;
    await killBus(paths);
    return;
  }
}

/** Ends the private bus if nobody but we is on it, and closes our connection to it. */
export async function leavePrivateBus(paths: Paths, bus: Bus): Promise<void> {
  if (isPrivate(paths, bus)) {
    using _lock = await lockBus(paths);
    if ((await usageOf(bus)) === 'nobody') await killBus(paths);
    // Before the lock is free, so that the next one who leaves does not take us for a user.
    bus.close();
  } else bus.close();
}

function isPrivate(paths: Paths, bus: Bus): boolean {
  return isSameBus(bus.address, formatSocketAddress(privateBusFiles(paths).socket), {});
}

/** Finds who is on the bus besides us; gone if it has ended, and maybe another has taken its place. */
async function usageOf(bus: Bus): Promise<'daemon' | 'clients' | 'nobody' | 'gone'> {
  try {
    const [names] = await bus.callBus('ListNames');
    const others = (names as string[]).filter((name) => name !== bus.uniqueName);
    if (others.includes(managerName)) return 'daemon';
    return others.some((name) => name.startsWith(':')) ? 'clients' : 'nobody';
  } catch {
    return 'gone';
  }
}

async function lockBus(paths: Paths): Promise<Lock> {
  const { directory, lock } = privateBusFiles(paths);
  makeOwnDirectory(paths, 'runtime');
  makePrivateDirectory(directory);
  const held = await lockFile(lock, lockTimeoutMs);
  if (!held)
    throw new BangerError('Timeout', `another banger has held ${lock} for ${lockTimeoutMs / 1000} s`);
  return held;
}

/** Ends the recorded dbus-daemon, if it is still that very process, and removes what leads to it. */
async function killBus(paths: Paths): Promise<void> {
  const files = privateBusFiles(paths);
  const identity = readIdentity(files.process);
  rmSync(files.address, { force: true });
  rmSync(files.process, { force: true });
  if (!identity || !isSameProcess(identity)) return;
  process.kill(identity.pid, 'SIGTERM');
  if (await hasEnded(identity)) return;
  process.kill(identity.pid, 'SIGKILL');
  await hasEnded(identity);
}

async function hasEnded(identity: ProcessIdentity): Promise<boolean> {
  for (const deadline = performance.now() + killAfterMs; performance.now() < deadline; await sleep(pollMs)) {
    if (!isSameProcess(identity)) return true;
  }
  return false;
}

function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    const { pid, startTime, bootId } = JSON.parse(readFileSync(file, 'utf8'));
    return { pid: Number(pid), startTime: Number(startTime), bootId: String(bootId) };
  } catch {
    return undefined;
  }
}

/** Starts dbus-daemon detached and waits until it listens; gives its pid. */
async function launch(files: ReturnType<typeof privateBusFiles>, env: NodeJS.ProcessEnv): Promise<number> {
  const log = openSync(files.log, 'w', 0o600);
  const daemon = spawn(
    'dbus-daemon',
    [`--config-file=${files.config}`, '--nofork', '--nopidfile', '--print-address=3'],
    { detached: true, cwd: '/', env, stdio: ['ignore', log, log, 'pipe'] },
  );
  closeSync(log);
  const ready = daemon.stdio[3] as Readable;
  try {
    const signal = AbortSignal.timeout(startTimeoutMs);
    const ended = once(daemon, 'exit', { signal }).then(() => {
      throw new Error(readFileSync(files.log, 'utf8').trim().slice(-500) || 'it ended at once');
    });
    await Promise.race([once(ready, 'data', { signal }), ended]);
    ended.catch(() => undefined);
  } catch (error) {
    daemon.kill('SIGKILL');
    const missing = getSystemCode(error) === 'ENOENT';
    throw missing
      ? new BangerError('HostNotReady', 'there is no session bus and dbus-daemon is not installed', {
          remedy: 'install the package dbus',
          cause: error,
        })
      : new BangerError('HostNotReady', `dbus-daemon did not start: ${getMessage(error)}`, { cause: error });
  } finally {
    ready.destroy();
    daemon.unref();
  }
  if (daemon.pid === undefined) throw new BangerError('Internal', 'dbus-daemon has no pid');
  return daemon.pid;
}

function writeAtomically(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
