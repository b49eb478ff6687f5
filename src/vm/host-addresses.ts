import { deniedNetworks } from '../network/denied.ts';
import type { VmContext } from './context.ts';
import { getLiveNetwork } from './network.ts';

/** Denies running guests the addresses that this host got since they were started, as by a VPN or another LAN. */
export class HostAddresses {
  /** What the network of each VM was told by this daemon; what it knew already does no harm twice. */
  readonly #told = new Map<string, Set<string>>();

  /** Tells the network of a VM what it was not told yet. @throws HostNotReady if that is gone, Timeout */
  async deny(context: VmContext, denied = deniedNetworks(false)): Promise<void> {
    const network = getLiveNetwork(context);
    if (!network?.deny) return;
    const told = this.#told.get(context.id) ?? new Set();
    this.#told.set(context.id, told);
    for (const address of denied.filter((each) => each.endsWith('/32') && !told.has(each))) {
      await network.deny(address);
      told.add(address);
    }
  }

  /** Forgets a VM that does not run any more. */
  forget(id: string): void {
    this.#told.delete(id);
  }
}
