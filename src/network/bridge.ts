import { BangerError, type Obstacle } from '../common/errors.ts';
import { formatIpv4, ipv4Network, parseIpv4 } from '../common/ipv4.ts';
import type { Log } from '../common/log.ts';
import type { Attachment, AttachmentRequest, BridgeNetwork, LiveNetwork } from './attachment.ts';
import type { Drops, GrantedBridge, GrantedTap, Grants } from './grants.ts';

const sshPort = 22;
/** The first address is the host's, and so is the last but one. */
const firstOffset = 2;
const lastOffset = 253;

/** What the user's settings say of the bridge. */
export interface BridgeSettings {
  name?: string | undefined;
  /** The host's address on it. */
  ip?: string | undefined;
  /** `172.30.9.0/24`, or only the prefix, `/24`. */
  cidr?: string | undefined;
  /** How many idle taps are kept. */
  tapPoolSize: number;
}

/** Bridged mode by what banger-netd grants, or what root does itself. */
export class GrantedNetwork implements BridgeNetwork {
  readonly #grants: Grants;
  readonly #settings: () => Promise<BridgeSettings>;
  readonly #log: Log;
  #filling: Promise<void> = Promise.resolve();

  /** @param settings read anew for each VM that starts */
  constructor(grants: Grants, settings: () => Promise<BridgeSettings>, log: Log) {
    this.#grants = grants;
    this.#settings = settings;
    this.#log = log;
  }

  async obstacle(wanted: 'auto' | 'bridge'): Promise<Obstacle | undefined> {
    if (wanted === 'auto' && !this.#grants.isUnasked) {
      return {
        problem: 'the network of this host is changed only if asked for',
        remedy: 'use `--network bridge`',
      };
    }
    try {
      await this.#bridge();
      return undefined;
    } catch (error) {
      if (error instanceof BangerError && error.code !== 'Internal') return error;
      throw error;
    }
  }

  findDrops(): Promise<Drops> {
    return this.#grants.findDrops();
  }

  async attach(request: AttachmentRequest): Promise<Attachment> {
    const settings = await this.#settings();
    const bridge = await this.#bridge(settings);
    const taps = await this.#grants.listTaps();
    // One of a run before, which nobody was there to give back.
    const stale = taps.filter(({ mac, open }) => mac === request.mac && !open);
    for (const { name } of stale) await this.#grants.deleteTap(name);
    const others = taps.filter((tap) => !stale.includes(tap));
    const address = claimAddress(request, bridge, others);
    const name = await this.#grants.createTap({
      address,
      mac: request.mac,
      nat: request.nat,
      ...request.reach,
    });
    this.#fillPool(settings);
    return {
      ...this.live({ mac: request.mac }),
      ssh: { address, port: sshPort },
      network: { kind: 'tap', name, mac: request.mac },
      guestWords: (nameServers = bridge.dns) => [
        `banger.ip=${address}/${bridge.prefix}`,
        `banger.gw=${bridge.address}`,
        ...(nameServers.length > 0 ? [`banger.dns=${nameServers.join(',')}`] : []),
      ],
      wrap: (program) => program,
      // The guest has an address of its own.
      open: async () => undefined,
    };
  }

  live({ mac }: { mac: string }): LiveNetwork {
    const ownTaps = async () => (await this.#grants.listTaps()).filter((tap) => tap.mac === mac);
    return {
      mode: 'bridge',
      setNat: async (on) => {
        const taps = await ownTaps();
        if (taps.length === 0) {
          throw new BangerError('HostNotReady', 'the tap of the VM has gone', {
            remedy: 'stop and start the VM',
          });
        }
        for (const { name } of taps) await this.#grants.setTap(name, { nat: on });
      },
      close: async () => {
        for (const { name } of await ownTaps()) await this.#grants.deleteTap(name);
      },
    };
  }

  /** The user's bridge. @throws InvalidConfig if the settings ask for what is not granted */
  async #bridge(settings?: BridgeSettings): Promise<GrantedBridge> {
    const { name, ip, cidr } = settings ?? (await this.#settings());
    const bridge = await this.#grants.ensureBridge(networkIn(cidr, ip));
    const given = { bridge_name: name, bridge_ip: ip, cidr };
    const granted = {
      bridge_name: bridge.name,
      bridge_ip: bridge.address,
      cidr: cidr?.startsWith('/') ? `/${bridge.prefix}` : networkText(bridge),
    };
    for (const key of ['bridge_name', 'bridge_ip', 'cidr'] as const) {
      if (given[key] === undefined || given[key] === granted[key]) continue;
      throw new BangerError(
        'InvalidConfig',
        `${key} is ${given[key]}, and what is granted to you is ${granted[key]}`,
        { remedy: `set that, or leave ${key} out` },
      );
    }
    return bridge;
  }

  /** Makes idle taps for the VMs to come. Nobody waits for it, and nothing depends on it. */
  #fillPool({ tapPoolSize }: BridgeSettings): void {
    this.#filling = this.#filling
      .then(async () => {
        const idle = (await this.#grants.listTaps()).filter(({ address }) => address === '').length;
        for (let count = idle; count < tapPoolSize; count++) await this.#grants.createTap({});
      })
      .catch((error: unknown) => this.#log.warn({ err: error }, `no idle taps: ${String(error)}`));
  }
}

/** The network that settings name, if they name one: the bridge is to have it from the beginning. */
function networkIn(cidr: string | undefined, ip: string | undefined): string | undefined {
  if (cidr !== undefined && !cidr.startsWith('/')) return cidr;
  const address = ip === undefined ? undefined : parseIpv4(ip);
  return address === undefined ? undefined : `${formatIpv4(ipv4Network(address, 24).base)}/24`;
}

function networkText({ address, prefix }: GrantedBridge): string {
  return `${formatIpv4(ipv4Network(parseIpv4(address) ?? 0, prefix).base)}/${prefix}`;
}

/** A VM keeps its address while the network is the same and nobody else has it. */
function claimAddress(
  { former, taken, claim }: AttachmentRequest,
  { address, prefix }: GrantedBridge,
  taps: readonly GrantedTap[],
): string {
  const { base } = ipv4Network(parseIpv4(address) ?? 0, prefix);
  const inUse = new Set(taps.map((tap) => tap.address));
  const mayHave = (candidate: string) => !inUse.has(candidate) && !taken().has(candidate);
  const offset = ((former && parseIpv4(former.address)) ?? -1) - base;
  const isOfBridge = offset >= firstOffset && offset <= lastOffset;
  const all = Array.from({ length: lastOffset - firstOffset + 1 }, (_, index) =>
    formatIpv4(base + firstOffset + index),
  );
  for (const candidate of [...(former && isOfBridge ? [former.address] : []), ...all]) {
    if (mayHave(candidate) && claim({ address: candidate, port: sshPort })) return candidate;
  }
  throw new BangerError('HostNotReady', `all addresses of ${formatIpv4(base)}/${prefix} are taken`, {
    remedy: 'delete a VM',
  });
}
