import type { Bus } from '../bus/connection.ts';
import type { VmOperations } from '../vm/operations.ts';
import type { VmRegistry } from '../vm/registry.ts';

/** Deletes ephemeral VMs when the client they belong to leaves the bus, also while the daemon was away. */
export function followOwners(bus: Bus, vms: VmRegistry, operations: VmOperations): void {
  const watched = new Set<string>();
  const follow = ({ owner }: { owner: string | null }) => {
    if (!owner || watched.has(owner)) return;
    watched.add(owner);
    void bus.watchName(owner, () => {
      watched.delete(owner);
      operations.ownerVanished(owner);
    });
  };
  for (const vm of vms.list()) follow(vm);
  vms.on('added', follow);
}
