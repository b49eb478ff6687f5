import manifest from '../../package.json' with { type: 'json' };
import type { Bus } from '../bus/connection.ts';
import { contract } from '../bus/contract.ts';
import { ObjectTree } from '../bus/server.ts';
import { onAbort } from '../common/abort.ts';
import { BangerError } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import { Turns } from '../common/turns.ts';
import { Callers } from './callers.ts';
import { readOwnLinks } from './links.ts';
import { Network } from './network.ts';
import { resolvedName } from './resolved.ts';
import { Resolvers } from './resolvers.ts';
import { networkName, networkObject, networkPath } from './service.ts';
import { readSettings, watchSettings } from './settings.ts';
import { Sweep } from './sweep.ts';
import { Watch } from './watch.ts';

export interface ServeOptions {
  bus: Bus;
  log: Log;
  /** Aborted when the daemon is to end. */
  stop: AbortSignal;
  /** How long who has gone may stay away, and how long the daemon stays when nothing is granted, in milliseconds. */
  graceMs: number;
}

const place = 'journalctl -u banger-netd';

/**
 * Serves until it is told to end, the bus goes, or nothing is granted any more. Bridges and taps stay as they are
 * when it ends, so that a restart cuts no guest; resolvers do not, because nobody would watch whose they are.
 * @throws Busy if another has the name, and what `Network` throws if what is there cannot be mended
 */
export async function serveNetwork({ bus, log, stop, graceMs }: ServeOptions): Promise<void> {
  const turns = new Turns();
  const network = new Network(readSettings);
  const resolvers = new Resolvers(bus, readSettings, log);
  const end = Promise.withResolvers<void>();
  /** What nobody waits for; what fails is tried again by the next sweep. */
  const background = (what: string, work: () => Promise<void>): void => {
    turns.take(work).catch((error: unknown) => log.error({ err: error }, `${what}: ${String(error)}`));
  };
  const callers = new Callers(bus, (sender) => background('a caller left', () => resolvers.vanished(sender)));
  const sweep = new Sweep(graceMs, (uid) => callers.has(uid));

  await turns.take(async () => {
    await network.mend();
    for (const { uid, sender } of await resolvers.check()) await callers.watch(uid, sender);
  });
  const tree = new ObjectTree(
    bus,
    (requestId, error) => log.error({ err: error, requestId }, String(error)),
    place,
  );
  const version = manifest.version;
  const service = { bus, network, resolvers, callers, turns, version, settings: readSettings };
  tree.add(networkPath, networkName, networkObject(service));
  if (!(await bus.requestName(networkName))) {
    throw new BangerError('Busy', `another program has ${networkName}`, { remedy: 'end it first' });
  }
  await bus.watchOwner(resolvedName, (owner) => {
    if (owner !== '') background('resolved started', () => resolvers.tellAll());
  });
  const endSettings = watchSettings(() =>
    tree.changed(networkPath, networkName, contract[networkName].changing),
  );
  const watch = new Watch(() => background('the host changed', () => network.follow()));
  const sweeping = setInterval(
    () =>
      background('the sweep', async () => {
        await resolvers.check();
        for (const uid of sweep.gone(await readOwnLinks(), performance.now())) {
          log.info({ uid }, `what ${uid} left is removed`);
          await network.removeBridge(uid);
        }
        // What was taken away while nothing told of it.
        await network.follow();
      }),
    Math.max(graceMs / 4, 250),
  );
  let idleSince = performance.now();
  const idling = setInterval(
    () =>
      background('looking whether it is needed', async () => {
        if (callers.areCalling || (await readOwnLinks()).length > 0) idleSince = performance.now();
        else if (performance.now() - idleSince >= graceMs) end.resolve();
      }),
    Math.max(graceMs / 4, 250),
  );
  onAbort(stop, () => end.resolve());
  void bus.closed.then(() => end.resolve());
  await end.promise;
  clearInterval(sweeping);
  clearInterval(idling);
  watch.end();
  endSettings();
  // A call that comes from now on starts the next one.
  await bus.releaseName(networkName).catch(() => undefined);
  await tree.settled();
  await turns.take(() => resolvers.removeAll());
}
