import { BangerError } from '../common/errors.ts';
import { lockFile } from '../common/lock.ts';
import { Network } from '../netd/network.ts';
import { readSettings } from '../netd/settings.ts';
import type { Grants } from '../network/grants.ts';

const root = 0;
const lock = '/run/banger-netd.lock';
const lockTimeoutMs = 30_000;

/** What banger-netd would do for root, done by root's own daemon where there is no system bus. */
export function rootGrants(): Grants {
  const network = new Network(readSettings);
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    using held = await lockFile(lock, lockTimeoutMs);
    if (!held) throw new BangerError('Timeout', `another daemon of root has held ${lock} for too long`);
    return await work();
  };
  return {
    isUnasked: false,
    ensureBridge: (wanted) => inTurn(() => network.ensureBridge(root, wanted)),
    createTap: (request) => inTurn(() => network.createTap(root, request)),
    setTap: (name, request) => inTurn(() => network.setTap(root, name, request)),
    deleteTap: (name) =>
      inTurn(async () => {
        await network.deleteTap(root, name);
        // Nobody sweeps here: what was made for the first guest goes with the last.
        const taps = await network.listTaps(root);
        if (!taps.some(({ address, open }) => open || address !== '')) await network.removeBridge(root);
      }),
    listTaps: () => inTurn(() => network.listTaps(root)),
    findDrops: () => inTurn(() => network.findDrops(root)),
  };
}
