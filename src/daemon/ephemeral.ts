import type { Bus } from '../bus/connection.ts';
import type { VmOperations } from '../vm/operations.ts';
import type { VmRegistry } from '../vm/registry.ts';

/** Names clients across buses: another bus gives the same unique names to other clients. */
export class Owners {
  readonly #bus: Bus;
  readonly #prefix: string;

  private constructor(bus: Bus, busId: string) {
    this.#bus = bus;
    this.#prefix = `${busId}/`;
  }

  static async of(bus: Bus): Promise<Owners> {
    const [id] = await bus.callBus('GetId', '', []);
    return new Owners(bus, String(id));
  }

  /** What is recorded as the owner of an ephemeral VM. */
  ownerOf(sender: string): string {
    return this.#prefix + sender;
  }

  /** Deletes ephemeral VMs when the client they belong to leaves the bus, or has left it while we were away. */
  follow(vms: VmRegistry, operations: VmOperations): void {
    const watched = new Set<string>();
    const follow = ({ owner }: { owner: string | undefined }) => {
      if (!owner || watched.has(owner)) return;
      watched.add(owner);
      const vanished = () => {
        watched.delete(owner);
        operations.ownerVanished(owner);
      };
      if (!owner.startsWith(this.#prefix)) return vanished();
      // It fails when the bus has gone, which ends the daemon; the next one looks again.
      this.#bus.watchName(owner.slice(this.#prefix.length), vanished).catch(() => undefined);
    };
    for (const vm of vms.list()) follow(vm);
    vms.on('added', follow);
  }
}
