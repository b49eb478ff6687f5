import { getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { DaemonFacts } from '../doctor/host.ts';
import type { TakenPort } from '../doctor/ports.ts';
import type { BridgeNetwork } from '../network/attachment.ts';
import type { Drops } from '../network/grants.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import type { Host } from '../vm/context.ts';
import { getVmState } from '../vm/operation/state.ts';
import type { NameService } from './names.ts';

/** What this daemon knows that `doctor` wants to know. */
export function factsFor(
  host: Host,
  upkeep: Upkeep,
  names: NameService,
  linger: boolean | undefined,
  log: Log,
): DaemonFacts {
  const { bridge, hostDirectory } = host;
  return {
    hostDirectory,
    linger,
    bridge,
    drops: async () => bridge && (await dropsOf(bridge, log)),
    takenPorts: () => takenPorts(host, upkeep),
    names: () => names.examine(),
  };
}

async function dropsOf(bridge: BridgeNetwork, log: Log): Promise<Drops | undefined> {
  try {
    return (await bridge.obstacle('auto')) === undefined ? await bridge.findDrops() : undefined;
  } catch (error) {
    log.warn({ err: error }, `banger-netd does not tell what drops packets: ${getMessage(error)}`);
    return undefined;
  }
}

/** The ports that running VMs do without, as the forwarding itself found it. */
async function takenPorts({ vms }: Host, { ports }: Upkeep): Promise<TakenPort[] | undefined> {
  const forwarded = vms.list().filter((vm) => getVmState(vm) === 'running' && vm.run?.network === 'user');
  if (forwarded.length === 0) return undefined;
  const taken = await Promise.all(
    forwarded.map(async ({ id, name }) => {
      // A guest that does not answer has other troubles.
      const views = await ports.look(id).catch(() => []);
      return views
        .filter(({ obstacle }) => obstacle === 'taken')
        .map(({ protocol, port, takenBy }) => ({ vm: name, protocol, port, takenBy }));
    }),
  );
  return taken.flat();
}
