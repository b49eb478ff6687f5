/**
 * The part of Firecracker's API that banger may use, as data: which requests there are, and what their bodies and
 * replies hold. Taken from the descriptions of 1.8 to 1.17-dev; test/vmm/firecracker/api.test.ts compares it with one
 * of them when told where that is.
 */
import { type Definition, flag, oneOf, record, ref, type Shape, text, textMap, whole } from './schema.ts';

/** Minor versions of Firecracker 1, from the oldest that banger supports to the newest described here. */
export const minorVersions: readonly number[] = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17];

/** One request of the API. */
export interface Operation {
  method: 'GET' | 'PUT' | 'PATCH';
  /** With `{id}` for the part that names a device. */
  path: string;
  /** The definition of its body; none where absent. */
  body?: string;
  /** The definition of the reply's body, which comes with 200; without it the reply is an empty 204. */
  reply?: string;
  /** The minor version that has it first, if not all do. */
  since?: number;
}

export const operations: readonly Operation[] = [
  { method: 'GET', path: '/', reply: 'InstanceInfo' },
  { method: 'GET', path: '/version', reply: 'FirecrackerVersion' },
  { method: 'PUT', path: '/actions', body: 'InstanceActionInfo' },
  { method: 'PUT', path: '/boot-source', body: 'BootSource' },
  { method: 'GET', path: '/machine-config', reply: 'MachineConfiguration' },
  { method: 'PUT', path: '/machine-config', body: 'MachineConfiguration' },
  { method: 'PUT', path: '/drives/{id}', body: 'Drive' },
  { method: 'PATCH', path: '/drives/{id}', body: 'PartialDrive' },
  { method: 'PUT', path: '/network-interfaces/{id}', body: 'NetworkInterface' },
  { method: 'PUT', path: '/vsock', body: 'Vsock' },
  { method: 'PUT', path: '/entropy', body: 'EntropyDevice' },
  { method: 'PUT', path: '/serial', body: 'SerialDevice', since: 14 },
  { method: 'GET', path: '/balloon', reply: 'Balloon' },
  { method: 'PUT', path: '/balloon', body: 'Balloon' },
  { method: 'PATCH', path: '/balloon', body: 'BalloonUpdate' },
  { method: 'GET', path: '/balloon/statistics', reply: 'BalloonStats' },
  { method: 'PATCH', path: '/balloon/statistics', body: 'BalloonStatsUpdate' },
  { method: 'PUT', path: '/logger', body: 'Logger' },
  { method: 'PUT', path: '/metrics', body: 'Metrics' },
  { method: 'PATCH', path: '/vm', body: 'Vm' },
  { method: 'PUT', path: '/snapshot/create', body: 'SnapshotCreateParams' },
];

const rateLimiter = ref('RateLimiter');

const statistics = [
  ...['swap_in', 'swap_out', 'major_faults', 'minor_faults', 'free_memory', 'total_memory'],
  ...['available_memory', 'disk_caches', 'hugetlb_allocations', 'hugetlb_failures'],
];
const laterStatistics = [
  'oom_kill',
  'alloc_stall',
  'async_scan',
  'direct_scan',
  'async_reclaim',
  'direct_reclaim',
];

/** What the definitions are in a minor version: a property that came later is unknown to it, and refused. */
export function definitions(minor: number): Readonly<Record<string, Definition>> {
  const since = (first: number, properties: Record<string, Shape>) => (minor >= first ? properties : {});
  return {
    Balloon: record(['amount_mib', 'deflate_on_oom'], {
      amount_mib: whole(),
      deflate_on_oom: flag,
      stats_polling_interval_s: whole(),
      ...since(14, { free_page_hinting: flag, free_page_reporting: flag }),
    }),
    BalloonUpdate: record(['amount_mib'], { amount_mib: whole() }),
    BalloonStats: record(['target_pages', 'actual_pages', 'target_mib', 'actual_mib'], {
      ...wholes(['target_pages', 'actual_pages', 'target_mib', 'actual_mib', ...statistics]),
      ...since(14, wholes(laterStatistics)),
    }),
    BalloonStatsUpdate: record(['stats_polling_interval_s'], { stats_polling_interval_s: whole() }),
    BootSource: record(['kernel_image_path'], {
      kernel_image_path: text,
      initrd_path: text,
      boot_args: text,
    }),
    CpuTemplate: oneOf('C3', 'T2', 'T2S', 'T2CL', 'T2A', 'V1N1', 'None'),
    Drive: record(['drive_id', 'is_root_device'], {
      drive_id: text,
      partuuid: text,
      is_root_device: flag,
      cache_type: oneOf('Unsafe', 'Writeback'),
      is_read_only: flag,
      path_on_host: text,
      rate_limiter: rateLimiter,
      io_engine: oneOf('Sync', 'Async'),
      socket: text,
    }),
    EntropyDevice: record([], { rate_limiter: rateLimiter }),
    Error: record([], { fault_message: text }),
    FirecrackerVersion: record(['firecracker_version'], { firecracker_version: text }),
    InstanceActionInfo: record(['action_type'], {
      action_type: oneOf('FlushMetrics', 'InstanceStart', 'SendCtrlAltDel'),
    }),
    InstanceInfo: record(['app_name', 'id', 'state', 'vmm_version'], {
      app_name: text,
      id: text,
      state: oneOf('Not started', 'Running', 'Paused'),
      vmm_version: text,
    }),
    Logger: record([], {
      level: oneOf('Error', 'Warning', 'Info', 'Debug', 'Trace', 'Off'),
      log_path: text,
      show_level: flag,
      show_log_origin: flag,
      module: text,
    }),
    MachineConfiguration: record(['mem_size_mib', 'vcpu_count'], {
      vcpu_count: whole(1, 32),
      mem_size_mib: whole(),
      smt: flag,
      track_dirty_pages: flag,
      cpu_template: ref('CpuTemplate'),
      huge_pages: minor >= 17 ? oneOf('None', 'Transparent', '2M') : oneOf('None', '2M'),
    }),
    Metrics: record(['metrics_path'], {
      metrics_path: text,
      ...since(17, { emit_id: flag, properties: textMap }),
    }),
    NetworkInterface: record(['host_dev_name', 'iface_id'], {
      iface_id: text,
      host_dev_name: text,
      guest_mac: text,
      ...since(16, { mtu: whole(68, 65535) }),
      rx_rate_limiter: rateLimiter,
      tx_rate_limiter: rateLimiter,
    }),
    PartialDrive: record(['drive_id'], { drive_id: text, path_on_host: text, rate_limiter: rateLimiter }),
    RateLimiter: record([], { bandwidth: ref('TokenBucket'), ops: ref('TokenBucket') }),
    ...(minor >= 14 && {
      SerialDevice: record([], {
        serial_out_path: text,
        ...since(16, { rate_limiter: ref('TokenBucket') }),
      }),
    }),
    SnapshotCreateParams: record(['mem_file_path', 'snapshot_path'], {
      mem_file_path: text,
      snapshot_path: text,
      snapshot_type: oneOf('Full', 'Diff'),
    }),
    TokenBucket: record(['refill_time', 'size'], {
      one_time_burst: whole(0),
      refill_time: whole(0),
      size: whole(0),
    }),
    Vm: record(['state'], { state: oneOf('Paused', 'Resumed') }),
    Vsock: record(['guest_cid', 'uds_path'], { guest_cid: whole(3), uds_path: text, vsock_id: text }),
  };
}

function wholes(names: readonly string[]): Record<string, Shape> {
  return Object.fromEntries(names.map((name) => [name, whole()]));
}
