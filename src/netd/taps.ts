/** What a tap is for stands beside the interface, in its alias: the kernel keeps it as long as the tap itself. */
import { BangerError } from '../common/errors.ts';
import { formatIpv4, parseIpv4 } from '../common/ipv4.ts';
import type { OwnLink } from './links.ts';

/** The guest that a tap is for. */
export interface Guest {
  address: number;
  mac: string;
  nat: boolean;
  lan: boolean;
  peers: boolean;
}

/** What a caller wants of a tap; what is absent stays as it is. */
export interface TapOptions {
  /** Empty for an idle tap. */
  address?: string | undefined;
  mac?: string | undefined;
  nat?: boolean | undefined;
  lan?: boolean | undefined;
  peers?: boolean | undefined;
}

/** A tap as its user sees it; without a guest, `address` and `mac` are empty. */
export interface Tap {
  name: string;
  address: string;
  mac: string;
  nat: boolean;
  lan: boolean;
  peers: boolean;
  /** Whether a program has it open. */
  open: boolean;
}

const flags = ['nat', 'lan', 'peers'] as const;

/** The guest that a tap's alias tells of; nothing if the tap is idle. */
export function parseAlias({ alias }: OwnLink): Guest | undefined {
  const [mark, text = '', mac = '', ...words] = alias.split(' ');
  const address = parseIpv4(text);
  if (mark !== 'banger' || address === undefined || !isUnicastMac(mac)) return undefined;
  const [nat, lan, peers] = flags.map((flag) => words.includes(flag));
  return { address, mac, nat: nat === true, lan: lan === true, peers: peers === true };
}

/** The alias that tells of a guest, or of none. */
export function formatAlias(guest: Guest | undefined): string {
  if (!guest) return 'banger';
  const words = flags.filter((flag) => guest[flag]);
  return ['banger', formatIpv4(guest.address), guest.mac, ...words].join(' ');
}

/**
 * The guest after a change.
 * @throws InvalidArgs if an address or a MAC is none, or one is there without the other
 */
export function changed(former: Guest | undefined, options: TapOptions): Guest | undefined {
  if (options.address === '') return undefined;
  const address = options.address === undefined ? former?.address : parseIpv4(options.address);
  const mac = options.mac?.toLowerCase() ?? former?.mac;
  if (options.address !== undefined && address === undefined) {
    throw invalid(`${quoted(options.address)} is not an IPv4 address`, 'give one such as 172.30.1.2');
  }
  if (options.mac !== undefined && !isUnicastMac(mac ?? '')) {
    throw invalid(
      `${quoted(options.mac)} is not a MAC address for a guest`,
      'give one such as 02:00:00:12:34:56',
    );
  }
  if (address === undefined && mac === undefined) {
    const given = flags.find((flag) => options[flag]);
    if (given) throw invalid(`${given} is of no use to an idle tap`, 'give address and mac, too');
    return undefined;
  }
  if (address === undefined || mac === undefined) {
    throw invalid('an address needs a MAC address, and the other way round', 'give both');
  }
  return {
    address,
    mac,
    nat: options.nat ?? former?.nat ?? false,
    lan: options.lan ?? former?.lan ?? false,
    peers: options.peers ?? former?.peers ?? false,
  };
}

/** A tap as its user sees it. */
export function toTap(link: OwnLink): Tap {
  const { address, mac = '', nat = false, lan = false, peers = false } = parseAlias(link) ?? {};
  const text = address === undefined ? '' : formatIpv4(address);
  return { name: link.name, address: text, mac, nat, lan, peers, open: link.hasCarrier };
}

function isUnicastMac(text: string): boolean {
  return /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/.test(text) && text !== '00:00:00:00:00:00';
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

function invalid(problem: string, remedy?: string): BangerError {
  return new BangerError('InvalidArgs', problem, { remedy });
}
