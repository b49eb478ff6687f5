import { join } from 'node:path';
import type { Config } from './config.ts';
import type { FileTable } from './schema.ts';

/**
 * The settings that a sound configuration file has, under the names of the programs.
 * @param home what `~` stands for
 */
export function parseSettings(table: FileTable, home: string): Partial<Config> {
  const { vcpu, memory, disk_size } = table.vm_defaults ?? {};
  const full = (path: string) => (path.startsWith('~/') ? join(home, path.slice(2)) : path);
  const { bridge_name, bridge_ip, cidr, tap_pool_size, guest_lan, guest_peers } = table;
  return {
    ...(table.log_level && { logLevel: table.log_level }),
    ...(table.firecracker_bin && { firecrackerBin: full(table.firecracker_bin) }),
    ...(table.qemu_bin && { qemuBin: full(table.qemu_bin) }),
    ...(table.vmm && { vmm: table.vmm }),
    ...(table.ssh_key_path && { sshKeyPath: full(table.ssh_key_path) }),
    ...(table.default_image_name && { defaultImageName: table.default_image_name }),
    ...(table.network && { network: table.network }),
    ...(table.auto_stop_stale_after && { autoStopStaleAfterMs: table.auto_stop_stale_after }),
    ...(table.stats_poll_interval && { statsPollIntervalMs: table.stats_poll_interval }),
    ...(table.metrics_poll_interval && { metricsPollIntervalMs: table.metrics_poll_interval }),
    ...(table.default_dns && { defaultDns: table.default_dns }),
    ...(table.file_sync && {
      fileSync: table.file_sync.map((entry) => ({ ...entry, host: full(entry.host) })),
    }),
    bridge: {
      ...(bridge_name && { name: bridge_name }),
      ...(bridge_ip && { ip: bridge_ip }),
      ...(cidr && { cidr }),
      ...(tap_pool_size !== undefined && { tapPoolSize: tap_pool_size }),
    },
    ...((guest_lan ?? guest_peers) !== undefined && {
      reach: { lan: guest_lan ?? false, peers: guest_peers ?? false },
    }),
    vmDefaults: {
      ...(vcpu && { vcpus: vcpu }),
      ...(memory && { memoryBytes: memory }),
      ...(disk_size && { diskBytes: disk_size }),
    },
  };
}
