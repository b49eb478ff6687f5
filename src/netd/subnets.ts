import { BangerError } from '../common/errors.ts';
import {
  countAddresses,
  formatIpv4,
  type Ipv4Network,
  ipv4Network,
  overlap,
  parseNetwork,
} from '../common/ipv4.ts';
import type { Link } from './links.ts';
import { readName } from './names.ts';

/** Every user's network. */
export const prefix = 24;
/** Within it: what is the host's on the bridge, and on the resolver's interface. */
const gatewayOffset = 1;
const resolverOffset = 254;

/** A user's network, with what in it is the host's. */
export interface Subnet extends Ipv4Network {
  gateway: number;
  resolver: number;
}

/** The network that a user's interfaces have already, if there are any with an address. */
export function presentSubnet(uid: number, links: readonly Link[]): Subnet | undefined {
  const address = links
    .filter(({ name }) => readName(name)?.uid === uid)
    .flatMap(({ addresses }) => addresses)[0]?.address;
  return address === undefined ? undefined : subnetAt(ipv4Network(address, prefix).base);
}

/**
 * Chooses a network of the pool for a user: the one of his uid, or the next that nobody has, no interface of this
 * host is in and no route leads to.
 * @param routes networks that this host has routes to
 * @param wanted the only one that will do
 * @throws HostNotReady if none is free, InUse if that one is not
 */
export function chooseSubnet(
  uid: number,
  pool: Ipv4Network,
  links: readonly Link[],
  routes: readonly Ipv4Network[],
  wanted?: Subnet,
): Subnet {
  const taken = links.flatMap(({ addresses }) =>
    addresses.map(({ address, prefix }) => ipv4Network(address, prefix)),
  );
  const isFree = (subnet: Subnet) => ![...taken, ...routes].some((network) => overlap(network, subnet));
  if (wanted) {
    if (isFree(wanted)) return wanted;
    throw new BangerError('InUse', `${formatIpv4(wanted.base)}/${prefix} is in use on this host`, {
      remedy: 'take another',
    });
  }
  const count = countAddresses(pool) / countAddresses({ base: 0, prefix });
  for (let step = 0; step < count; step++) {
    const subnet = subnetAt(pool.base + ((uid + step) % count) * countAddresses({ base: 0, prefix }));
    if (isFree(subnet)) return subnet;
  }
  throw new BangerError(
    'HostNotReady',
    `all of ${formatIpv4(pool.base)}/${pool.prefix} is in use on this host`,
    { remedy: 'have the administrator set another pool in /etc/banger/netd.toml' },
  );
}

/** A network that a user asks for. @throws InvalidArgs if it is none, or not of the pool */
export function wantedSubnet(text: string, pool: Ipv4Network): Subnet {
  const network = parseNetwork(text);
  if (network?.prefix === prefix && overlap(network, pool)) return subnetAt(network.base);
  throw new BangerError(
    'InvalidArgs',
    `${JSON.stringify(text.slice(0, 40))} is no /${prefix} of ${formatIpv4(pool.base)}/${pool.prefix}, of which yours must be`,
  );
}

/** Checks whether an address of a network is one that a guest may have. */
export function isForGuest(subnet: Subnet, address: number): boolean {
  const offset = address - subnet.base;
  return offset > gatewayOffset && offset < resolverOffset;
}

function subnetAt(base: number): Subnet {
  return { base, prefix, gateway: base + gatewayOffset, resolver: base + resolverOffset };
}
