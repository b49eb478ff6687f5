/** The user's bridge, as it was granted. */
export interface GrantedBridge {
  name: string;
  /** The host's address on it, which is the guests' gateway. */
  address: string;
  prefix: number;
  /** The name servers that guests can ask; none if this host has none that they reach. */
  dns: readonly string[];
}

/** For whom a tap is; idle without an address. */
export interface TapRequest {
  address?: string;
  mac?: string;
  nat?: boolean;
  lan?: boolean;
  peers?: boolean;
}

export interface GrantedTap {
  name: string;
  /** Empty, as is `mac`, if it is idle. */
  address: string;
  mac: string;
  /** Whether a program has it open. */
  open: boolean;
}

/** A chain of another program's packet filter that drops what bridged guests send to the outside, or the answers. */
export interface DroppingChain {
  family: string;
  table: string;
  chain: string;
  /** Whose it is: `docker`, `ufw`, `firewalld`, `iptables` or, where that is not known, `nftables`. */
  manager: string;
}

/** What the user's guests meet on their way to the outside. */
export interface Drops {
  /** The user's bridge. */
  bridge: string;
  drops: readonly DroppingChain[];
}

/**
 * What bridged mode needs of whoever may change the network of this host, for this user alone. Each call throws
 * HostNotReady if there is nobody, AccessDenied with how to be allowed, InUse, Busy, InvalidConfig, CommandFailed or
 * Timeout.
 */
export interface Grants {
  /** Whether the administrator has set this up for users, so that it is used without being asked for. */
  readonly isUnasked: boolean;
  /** @param network the one that it is to have, such as `172.30.9.0/24` */
  ensureBridge(network?: string): Promise<GrantedBridge>;
  createTap(request: TapRequest): Promise<string>;
  setTap(name: string, request: TapRequest): Promise<void>;
  deleteTap(name: string): Promise<void>;
  listTaps(): Promise<GrantedTap[]>;
  findDrops(): Promise<Drops>;
}
