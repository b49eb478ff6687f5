import { join } from 'node:path';
import { endPrivateBus } from '../bus/activation.ts';
import { managerName } from '../bus/interfaces.ts';
import { onAbort } from '../common/abort.ts';
import type { Paths } from '../common/paths.ts';
import { makeOwnDirectory } from '../common/private-directory.ts';
import { requireSeparateDirectories } from '../common/separate-directories.ts';
import { openStore, type Store } from '../store/database.ts';
import { lockState } from './lock.ts';
import { offer } from './offer.ts';
import { shutDown } from './shutdown.ts';
import type { Surroundings } from './surroundings.ts';

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
  void bus.closed.then((why) => lost.abort(`the bus went away: ${why}`));
  const stop = AbortSignal.any([surroundings.stop, lost.signal]);
  const { jobs, quiet, tree, http, close, runsVms } = await offer(store, surroundings, ended.resolve);
  onAbort(stop, () => ended.resolve(String(stop.reason)));
  log.log.info(`ending: ${await ended.promise}`);
  quiet();
  await shutDown({ bus, service, tree, http, jobs, log: log.log, stop });
  await close();
  // A call that came in the last moment may have started a VM, which needs somebody to look after it.
  if (!stop.aborted && runsVms()) {
    bus.callBus('StartServiceByName', 'su', [managerName, 0]).catch(() => undefined);
    await bus.roundTrip().catch(() => undefined);
  }
  return lost.signal.aborted;
}

/** Makes the directories that the daemon needs before anything else. @throws HostNotReady for those of others */
export function makeDirectories(paths: Paths): void {
  requireSeparateDirectories(paths);
  for (const kind of ['state', 'runtime', 'cache'] as const) makeOwnDirectory(paths, kind);
}
