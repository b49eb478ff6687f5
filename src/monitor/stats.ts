import type { Usage } from '../guest/usage.ts';
import type { VmContext } from '../vm/context.ts';
import { getVm } from '../vm/context.ts';
import { getVmState } from '../vm/operation/state.ts';
import { allocatedBytes } from './host-usage.ts';
import type { Samples } from './samples.ts';

/**
 * What a VM uses, by the names of VM1.Stats. A guest that does not answer is waited for two seconds.
 * @throws NoSuchVM
 */
export async function measureStats(context: VmContext, samples: Samples): Promise<Record<string, number>> {
  const { id, files } = context;
  const asked = getVmState(getVm(context)) === 'running' ? samples.ask(id) : undefined;
  const [sample, guest] = await Promise.all([samples.lookNow(id), asked]);
  if (!sample) return { disk_allocated: await allocatedBytes(files) };
  const { host, cpu, diskAllocated } = sample;
  return {
    cpu_time: host.cpuTimeUs,
    ...(cpu !== undefined && { cpu }),
    uptime: host.uptimeUs,
    memory_resident: host.residentBytes,
    disk_allocated: diskAllocated,
    ...(guest && guestStats(guest)),
  };
}

function guestStats({ memory, work, system, network, connections }: Usage): Record<string, number> {
  return {
    ...(memory && { memory_total: memory.total, memory_used: memory.total - memory.available }),
    ...(work && { disk_total: work.size, disk_used: work.used }),
    ...(system && { system_total: system.size, system_used: system.used }),
    ...(network && { net_received: network.received, net_sent: network.sent }),
    connections,
  };
}
