import type { Obstacle } from '../../common/errors.ts';
/** What has this host's programs find the names of VMs by themselves. */
export interface Resolver {
  /**
   * Has the host's resolver ask a DNS server for names below `vm.`, from now on until `withdraw`. Never fails: VMs are
   * there without it, and `state` tells how it went.
   */
  route(server: DnsAddress): Promise<void>;
  /** Has it ask nobody any more. Never fails. */
  withdraw(): Promise<void>;
  readonly state: ResolverState;
}

export interface DnsAddress {
  address: string;
  port: number;
}

/**
 * `idle`: nobody has asked for it. `routed`: the resolver asks our server for these domains, such as `vm` and
 * `alice.vm`. `absent`: there is nobody who could tell the resolver. `failed`: it was refused or did not work.
 */
export type ResolverState =
  | { kind: 'idle' }
  | { kind: 'routed'; domains: readonly string[] }
  | { kind: 'absent' }
  | ({ kind: 'failed'; code: string } & Obstacle);
