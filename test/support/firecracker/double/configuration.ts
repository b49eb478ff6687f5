/** What requests have set before the start, by the names of the API. */

export interface Drive {
  drive_id: string;
  path_on_host: string;
  is_root_device: boolean;
  is_read_only: boolean;
}

export interface Network {
  iface_id: string;
  host_dev_name: string;
  guest_mac?: string;
}

export interface Configuration {
  machine: { vcpu_count: number; mem_size_mib: number };
  boot: { kernel_image_path: string; initrd_path?: string; boot_args?: string } | undefined;
  /** By their ids, in the order in which they were first put. */
  drives: Map<string, Drive>;
  networks: Map<string, Network>;
  vsock: { guest_cid: number; uds_path: string } | undefined;
  hasEntropy: boolean;
  /** Where the console's output goes, if not to standard output. */
  serialPath: string | undefined;
  balloon: { amount_mib: number; deflate_on_oom: boolean; stats_polling_interval_s?: number } | undefined;
}

/** What holds where no request has said otherwise. */
export function emptyConfiguration(): Configuration {
  return {
    machine: { vcpu_count: 1, mem_size_mib: 128 },
    boot: undefined,
    drives: new Map(),
    networks: new Map(),
    vsock: undefined,
    hasEntropy: false,
    serialPath: undefined,
    balloon: undefined,
  };
}

/** The drives as the guest sees them: the root device is the first. */
export function orderedDrives({ drives }: Configuration): Drive[] {
  const all = [...drives.values()];
  return [...all.filter((drive) => drive.is_root_device), ...all.filter((drive) => !drive.is_root_device)];
}
