import { randomBytes } from 'node:crypto';
import { BangerError } from '../common/errors.ts';
import { formatIpv4 } from '../common/ipv4.ts';
import { type ForeignDrop, findDrops } from './drops.ts';
import { hostNameServer } from './firewall.ts';
import { setForwarding, withoutIpv6 } from './forwarding.ts';
import { ipBatch, type OwnLink, readLinks, readOwnLinks, readRoutes, removeLinks } from './links.ts';
import { bridgeName, readName, requireOwnTap, tapName } from './names.ts';
import { Rules } from './rules.ts';
import type { Settings } from './settings.ts';
import { chooseSubnet, isForGuest, prefix, presentSubnet, type Subnet, wantedSubnet } from './subnets.ts';
import { changed, formatAlias, type Guest, parseAlias, type Tap, type TapOptions, toTap } from './taps.ts';

/** A user's bridge. */
export interface Bridge {
  name: string;
  /** The host's address on it. */
  address: string;
  prefix: number;
  /** Name servers that guests are to ask. */
  dns: string[];
  uplinks: string[];
}

/**
 * Bridges and taps of users, each within what is his. It keeps nothing: what there is, is read from the kernel at
 * every call, so it may be killed at any step, and the next call, or `mend`, puts right what was left half done.
 * Calls must come one at a time. Each throws CommandFailed, HostNotReady or Timeout where a program fails.
 */
export class Network {
  readonly #settings: () => Settings;
  readonly #rules: Rules;

  /** @param settings read anew at every call; it may throw InvalidConfig */
  constructor(settings: () => Settings) {
    this.#settings = settings;
    this.#rules = new Rules(() => this.#settings().uplinks);
  }

  /**
   * Makes the user's bridge unless it is there.
   * @param wanted the network that it is to have, such as `172.30.9.0/24`; any of the pool where absent
   * @throws InvalidArgs, InUse if that network is not to be had, InvalidConfig, HostNotReady if none is free
   */
  async ensureBridge(uid: number, wanted?: string): Promise<Bridge> {
    const { pool } = this.#settings();
    const uplinks = await this.#uplinks();
    const subnet = await this.#bridge(uid, wanted === undefined ? undefined : wantedSubnet(wanted, pool));
    return {
      name: bridgeName(uid),
      address: formatIpv4(subnet.gateway),
      prefix,
      dns: hostNameServer() === undefined ? [] : [formatIpv4(subnet.gateway)],
      uplinks,
    };
  }

  /** What other programs' rules drop of the user's guests, there or not. @throws InvalidConfig */
  async findDrops(uid: number): Promise<{ bridge: string; drops: ForeignDrop[] }> {
    const bridge = bridgeName(uid);
    return { bridge, drops: await findDrops(bridge, await this.#uplinks()) };
  }

  /** Removes the user's bridge and taps. */
  async removeBridge(uid: number): Promise<void> {
    const own = (await readOwnLinks()).filter((link) => link.uid === uid && link.kind !== 'resolver');
    // The bridge last: while it is there, it is known that something is left.
    const names = [
      ...own.filter(({ kind }) => kind === 'tap'),
      ...own.filter(({ kind }) => kind === 'bridge'),
    ];
    await removeLinks(names.map(({ name }) => name));
    await this.#rules.apply();
  }

  /**
   * Gives a tap on the user's bridge: for a guest one that is idle, if there is one, else a new one.
   * @throws InvalidArgs, InUse if the address is another tap's, Busy if the user has as many as he may
   */
  async createTap(uid: number, options: TapOptions): Promise<string> {
    const { maxTaps } = this.#settings();
    const guest = changed(undefined, options);
    const subnet = await this.#bridge(uid);
    const taps = await this.#taps(uid);
    this.#check(guest, subnet, taps);
    const idle = taps.find((tap) => !tap.hasCarrier && !parseAlias(tap));
    if (guest && idle) {
      await this.#describe(idle.name, guest);
      await this.#rules.apply();
      return idle.name;
    }
    if (taps.length >= maxTaps) {
      throw new BangerError('Busy', `you have ${taps.length} taps, and no more are allowed`, {
        remedy: 'stop a VM',
      });
    }
    const names = new Set(taps.map(({ name }) => name));
    let index = 0;
    while (names.has(tapName(uid, index))) index++;
    const name = tapName(uid, index);
    // Until it is a port, and has a guest in the rules, nothing passes it.
    await ipBatch([`tuntap add dev ${name} mode tap user ${uid}`]);
    await this.#connect(name, uid, guest);
    if (guest) await this.#rules.apply();
    return name;
  }

  /** Changes for whom a tap is. @throws AccessDenied, InvalidArgs, InUse */
  async setTap(uid: number, name: string, options: TapOptions): Promise<void> {
    const { taps, tap } = await this.#find(uid, name);
    if (!tap)
      throw new BangerError('InvalidArgs', `there is no tap ${name}`, {
        remedy: 'list yours with ListTaps',
      });
    const guest = changed(parseAlias(tap), options);
    const subnet = await this.#bridge(uid);
    this.#check(
      guest,
      subnet,
      taps.filter((other) => other !== tap),
    );
    await this.#describe(name, guest);
    await this.#rules.apply();
  }

  /** Removes a tap, if it is there. @throws AccessDenied */
  async deleteTap(uid: number, name: string): Promise<void> {
    const { tap } = await this.#find(uid, name);
    if (!tap) return;
    await removeLinks([name]);
    if (parseAlias(tap)) await this.#rules.apply();
  }

  async listTaps(uid: number): Promise<Tap[]> {
    return (await this.#taps(uid)).map(toTap);
  }

  /**
   * Puts right what an interrupted call, or somebody else, left: taps that are on no bridge go, and the rules become
   * what they must be.
   */
  async mend(): Promise<void> {
    const own = await readOwnLinks();
    const isWhole = (link: OwnLink) =>
      link.kind === 'bridge'
        ? link.addresses.length > 0 && link.isUp
        : link.kind !== 'tap' || (link.master === bridgeName(link.uid) && link.isUp && link.alias !== '');
    await removeLinks(own.filter((link) => !isWhole(link)).map(({ name }) => name));
    for (const tap of own.filter((link) => link.kind === 'tap' && isWhole(link))) {
      if (tap.isIsolated === (parseAlias(tap)?.peers === true))
        await this.#describe(tap.name, parseAlias(tap));
    }
    await this.#rules.apply();
  }

  /** Has the rules follow what changed on this host: ways out, name servers, or that they were taken away. */
  async follow(): Promise<void> {
    await this.#rules.apply();
  }

  /** The user's network; the bridge is there then. @throws InUse if it has another network than is wanted */
  async #bridge(uid: number, wanted?: Subnet): Promise<Subnet> {
    const { pool } = this.#settings();
    const links = await readLinks();
    const name = bridgeName(uid);
    const present = links.find((link) => link.name === name);
    const subnet =
      presentSubnet(uid, links) ?? chooseSubnet(uid, pool, links, (await readRoutes()).networks, wanted);
    if (wanted && wanted.base !== subnet.base) {
      throw new BangerError('InUse', `your bridge has ${formatIpv4(subnet.base)}/${prefix}`, {
        remedy: 'stop your VMs and call RemoveBridge first',
      });
    }
    if (present?.isUp && present.addresses.length > 0) return subnet;
    if (present) await removeLinks([name]);
    // First the rules, which shut every bridge.
    await this.#rules.apply({ ahead: true });
    await ipBatch([`link add name ${name} address ${randomMac()} type bridge stp_state 0`]);
    withoutIpv6(name);
    await ipBatch([
      `address add ${formatIpv4(subnet.gateway)}/${prefix} dev ${name}`,
      `link set dev ${name} alias banger up`,
    ]);
    setForwarding(name, true);
    return subnet;
  }

  async #uplinks(): Promise<string[]> {
    const { uplinks } = this.#settings();
    return uplinks.length > 0 ? [...uplinks] : (await readRoutes()).uplinks;
  }

  async #taps(uid: number): Promise<OwnLink[]> {
    return (await readOwnLinks()).filter((link) => link.kind === 'tap' && link.uid === uid);
  }

  async #find(uid: number, name: string): Promise<{ taps: OwnLink[]; tap: OwnLink | undefined }> {
    requireOwnTap(uid, name);
    const taps = await this.#taps(uid);
    return { taps, tap: taps.find((link) => link.name === name) };
  }

  async #connect(name: string, uid: number, guest: Guest | undefined): Promise<void> {
    withoutIpv6(name);
    const isolated = guest?.peers ? 'off' : 'on';
    await ipBatch([
      `link set dev ${name} master ${bridgeName(uid)}`,
      `link set dev ${name} type bridge_slave isolated ${isolated}`,
      `link set dev ${name} alias "${formatAlias(guest)}" up`,
    ]);
  }

  async #describe(name: string, guest: Guest | undefined): Promise<void> {
    await ipBatch([
      `link set dev ${name} type bridge_slave isolated ${guest?.peers ? 'off' : 'on'}`,
      `link set dev ${name} alias "${formatAlias(guest)}"`,
    ]);
  }

  /** @throws InvalidArgs, InUse, AccessDenied */
  #check(guest: Guest | undefined, subnet: Subnet, others: readonly OwnLink[]): void {
    if (!guest) return;
    const address = formatIpv4(guest.address);
    if (!isForGuest(subnet, guest.address)) {
      const range = `${formatIpv4(subnet.gateway + 1)} to ${formatIpv4(subnet.resolver - 1)}`;
      throw new BangerError('InvalidArgs', `${address} is not an address for your guests`, {
        remedy: `take one of ${range}`,
      });
    }
    const taker = others.find((link) => parseAlias(link)?.address === guest.address);
    if (taker)
      throw new BangerError('InUse', `${address} is that of ${taker.name}`, { remedy: 'take another' });
    if (guest.lan && !this.#settings().allowLan) {
      throw new BangerError('AccessDenied', 'guests may not reach private networks on this host', {
        remedy: 'the administrator can set allow_lan in /etc/banger/netd.toml',
      });
    }
  }
}

/** Users that have an interface here. */
export function findUsers(links: readonly { name: string }[]): number[] {
  return [...new Set(links.flatMap(({ name }) => readName(name)?.uid ?? []))];
}

/** A locally administered address; a bridge without one of its own takes another with each port. */
function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return bytes.toString('hex').replace(/..(?=.)/g, '$&:');
}
