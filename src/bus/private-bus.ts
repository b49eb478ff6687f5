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
import { BangerError, messageOf, systemCodeOf } from '../common/errors.ts';
import { type Lock, lockFile } from '../common/lock.ts';
import { makePrivateDirectory, type Paths } from '../common/paths.ts';
import { identify, isSameProcess, type ProcessIdentity } from '../common/process.ts';
import { addressOf } from './address.ts';
import { Bus } from './connection.ts';
import { daemonEnvironment } from './environment.ts';
import { managerName } from './interfaces.ts';
import { configOf, serviceOf } from './private-bus-config.ts';

const startTimeoutMs = 10_000;
const lockTimeoutMs = 20_000;
/** How long the end waits for clients that are about to hang up, or to call a new bangerd. */
const lingerMs = 2_000;
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
  const address = addressOf(files.socket);
  mkdirSync(files.services, { recursive: true, mode: 0o700 });
  writeService(paths, bangerdLauncher);
  writeFileSync(files.config, configOf(address, files.services), { mode: 0o600 });
  rmSync(files.socket, { force: true });
  const pid = await launch(files, { ...daemonEnvironment(env), DBUS_SESSION_BUS_ADDRESS: undefined });
  writeAtomically(files.process, JSON.stringify(identify(pid)));
  writeAtomically(files.address, `${address}\n`);
  return address;
}

/** Has a private bus that runs start this bangerd from now on; it may know one of a checkout that is gone. */
export function writeService(paths: Paths, bangerdLauncher: string): void {
  const file = join(privateBusFiles(paths).services, `${managerName}.service`);
  const text = serviceOf(managerName, bangerdLauncher);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeAtomically(file, text);
}

/**
 * Ends the private bus with its last user: to be called by bangerd when it has released its name and its lock
 * on the state directory. Clients that are still on it get a moment to hang up, or to have a new bangerd
 * started, to which the bus then belongs. Does nothing where there is no private bus.
 */
export async function endPrivateBus(paths: Paths): Promise<void> {
  const files = privateBusFiles(paths);
  if (!existsSync(files.address)) return;
  const address = readFileSync(files.address, 'utf8').trim();
  const bus = await Bus.connect(address, startTimeoutMs).catch(() => undefined);
  try {
    const deadline = Date.now() + lingerMs;
    let usage = await usageOf(bus);
    while (usage === 'clients' && Date.now() < deadline) {
      await sleep(pollMs);
      usage = await usageOf(bus);
    }
    if (usage === 'daemon') return;
    using _lock = await lockBus(paths);
    if ((await usageOf(bus)) === 'daemon') return;
    await killBus(paths);
  } finally {
    bus?.close();
  }
}

/** Whether a bangerd is on the bus, or anybody but this process. */
async function usageOf(bus: Bus | undefined): Promise<'daemon' | 'clients' | 'nobody'> {
  if (!bus) return 'nobody';
  try {
    const [names] = await bus.callBus('ListNames');
    const list = Array.isArray(names) ? names : [];
    if (list.includes(managerName)) return 'daemon';
    const unique = list.filter((name) => typeof name === 'string' && name.startsWith(':'));
    const pids = await Promise.all(
      unique.map((name) =>
        bus.callBus('GetConnectionUnixProcessID', 's', [name]).then(
          ([pid]) => pid,
          () => process.pid,
        ),
      ),
    );
    return pids.every((pid) => pid === process.pid) ? 'nobody' : 'clients';
  } catch {
    // It ended by itself.
    return 'nobody';
  }
}

async function lockBus(paths: Paths): Promise<Lock> {
  const { directory, lock } = privateBusFiles(paths);
  for (const each of [paths.runtime, directory]) makePrivateDirectory(each);
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
  for (const deadline = Date.now() + lingerMs; Date.now() < deadline; await sleep(pollMs)) {
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
    const missing = systemCodeOf(error) === 'ENOENT';
    throw new BangerError(
      'HostNotReady',
      missing
        ? 'there is no session bus and dbus-daemon is not installed; install the package dbus'
        : `dbus-daemon did not start: ${messageOf(error)}`,
      { cause: error },
    );
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
