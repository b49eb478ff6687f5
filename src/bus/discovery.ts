import { existsSync, readFileSync } from 'node:fs';
import type { Paths } from '../common/paths.ts';
import { makeOwnDirectory, makePrivateDirectory } from '../common/private-directory.ts';
import { findUser } from '../common/user.ts';
import { formatSocketAddress, parseSocketPaths } from './address.ts';
import { Bus } from './connection.ts';
import { privateBusFiles, startPrivateBus } from './private-bus.ts';

/** Where a bus is, and whether it is the desktop's or one that banger started. */
export interface BusAddress {
  address: string;
  kind: 'session' | 'private';
}

/** A bus on this machine answers at once or not at all. */
const connectTimeoutMs = 5_000;

/**
 * The first bus that answers: the environment's, the login's, the private one.
 * @throws HostNotReady if the runtime directory is not ours alone
 */
export async function findBus(paths: Paths, env: NodeJS.ProcessEnv): Promise<BusAddress | undefined> {
  const found = await openFirstBus(paths, env);
  if (!found) return undefined;
  found.bus.close();
  return { address: found.bus.address, kind: found.kind };
}

/**
 * Like `findBus`; where there is none it starts the private one, once however many ask at the same time.
 * @param bangerdLauncher what that bus starts for org.banger.Manager1
 * @throws HostNotReady if dbus-daemon is not installed or does not start
 */
export async function ensureBus(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  bangerdLauncher: string,
): Promise<BusAddress> {
  return (
    (await findBus(paths, env)) ?? {
      address: await startPrivateBus(paths, env, bangerdLauncher),
      kind: 'private',
    }
  );
}

/** A connection to the first bus that answers. */
export async function openFirstBus(
  paths: Paths,
  env: NodeJS.ProcessEnv,
): Promise<{ bus: Bus; kind: BusAddress['kind'] } | undefined> {
  for (const { address, kind } of candidates(paths, env)) {
    const bus = await Bus.connect(address, connectTimeoutMs).catch(() => undefined);
    if (bus) return { bus, kind };
  }
  return undefined;
}

function candidates(paths: Paths, env: NodeJS.ProcessEnv): BusAddress[] {
  const files = privateBusFiles(paths);
  const addresses: string[] = [];
  // What a private bus started has the address of that bus in its environment.
  if (env.DBUS_SESSION_BUS_ADDRESS) addresses.push(env.DBUS_SESSION_BUS_ADDRESS);
  const ofLogin = `/run/user/${findUser().uid}/bus`;
  if (existsSync(ofLogin)) addresses.push(formatSocketAddress(ofLogin));
  if (existsSync(files.address)) {
    // Somebody else's directory could hold a bus that listens to everything we say.
    makeOwnDirectory(paths, 'runtime');
    makePrivateDirectory(files.directory);
    addresses.push(readFileSync(files.address, 'utf8').trim());
  }
  return addresses.map((address) => ({
    address,
    kind: parseSocketPaths(address, env).includes(files.socket) ? 'private' : 'session',
  }));
}
