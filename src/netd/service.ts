import type { Bus } from '../bus/connection.ts';
import { toRow } from '../bus/rows.ts';
import type { Caller, Implementation } from '../bus/server.ts';
import { Typed } from '../bus/values.ts';
import { BangerError } from '../common/errors.ts';
import { formatIpv4 } from '../common/ipv4.ts';
import type { Turns } from '../common/turns.ts';
import type { Callers } from './callers.ts';
import type { Network } from './network.ts';
import { authorize } from './polkit.ts';
import type { Resolvers } from './resolvers.ts';
import type { Settings } from './settings.ts';

export const networkName = 'org.banger.Network1';
export const networkPath = '/org/banger/Network1';

/** What the object on the bus stands on. */
export interface Service {
  bus: Bus;
  network: Network;
  resolvers: Resolvers;
  callers: Callers;
  turns: Turns;
  settings(): Settings;
  version: string;
}

/**
 * The object on the system bus. Each call is read whole before polkit is asked, and every change waits for its turn;
 * the uid that it is for comes from the bus alone.
 */
export function networkObject(service: Service): Implementation<'org.banger.Network1'> {
  const { network, resolvers, callers } = service;
  /** Does some work for the caller, if he may have it done. */
  const granted = <T>(
    { sender }: Caller,
    { interactive = false }: { interactive?: boolean | undefined },
    work: (uid: number) => Promise<T>,
  ): Promise<T> =>
    callers.admit(sender, async (uid) => {
      await authorize(service.bus, sender, interactive);
      await callers.watch(uid, sender);
      return await service.turns.take(async () => {
        // Who left while it waited is told of no more.
        callers.requirePresent(sender);
        return await work(uid);
      });
    });
  return {
    methods: {
      EnsureBridge: (caller, options) =>
        granted(caller, options, async (uid) => {
          const { prefix, dns, uplinks, ...bridge } = await network.ensureBridge(uid, options.network);
          return { ...bridge, prefix: new Typed('y', prefix), dns, uplinks };
        }),
      RemoveBridge: (caller, options) => granted(caller, options, (uid) => network.removeBridge(uid)),
      CreateTap: (caller, { interactive, ...tap }) =>
        granted(caller, { interactive }, (uid) => network.createTap(uid, tap)),
      SetTap: (caller, name, { interactive, ...tap }) =>
        granted(caller, { interactive }, (uid) => network.setTap(uid, name, tap)),
      DeleteTap: (caller, name, options) => granted(caller, options, (uid) => network.deleteTap(uid, name)),
      ListTaps: (caller, options) =>
        granted(caller, options, async (uid) =>
          (await network.listTaps(uid)).map((tap) => toRow(networkName, 'ListTaps', tap)),
        ),
      FindDrops: (caller, options) =>
        granted(caller, options, async (uid) => {
          const { bridge, drops } = await network.findDrops(uid);
          return [bridge, drops.map((drop) => toRow(networkName, 'FindDrops', drop))];
        }),
      SetResolver: async (caller, address, port, options) => {
        if (address !== '127.0.0.1' || port === 0) {
          throw new BangerError('InvalidArgs', 'a resolver is a port of 127.0.0.1', {
            remedy: 'give that address and its port',
          });
        }
        return await granted(caller, options, (uid) => resolvers.set(uid, port, caller.sender));
      },
      RemoveResolver: (caller, options) => granted(caller, options, (uid) => resolvers.remove(uid)),
    },
    properties: {
      Version: () => service.version,
      Pool: () => valid(service, ({ pool }) => `${formatIpv4(pool.base)}/${pool.prefix}`) ?? '',
      MaxTaps: () => valid(service, ({ maxTaps }) => maxTaps) ?? 0,
    },
  };
}

/** Something of the settings; nothing where the file is wrong. */
function valid<T>({ settings }: Service, read: (settings: Settings) => T): T | undefined {
  try {
    return read(settings());
  } catch (error) {
    if (error instanceof BangerError) return undefined;
    throw error;
  }
}
