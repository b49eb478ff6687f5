import { formatIpv4 } from '../common/ipv4.ts';
import { anyBridge, anyTap } from './names.ts';
import type { Guest } from './taps.ts';

/** What the rules are made of. */
export interface Facts {
  guests: readonly { tap: string; bridge: string; gateway: number; guest: Guest }[];
  /** The server that answers the questions of guests, if there is one that they can be led to. */
  nameServer: number | undefined;
  /** Interfaces that forward only because netd had them do so. */
  forwarding: readonly string[];
}

/** Link-local addresses, where clouds keep their credentials, and what no guest has to do with. */
const never = '0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3';
/** RFC 1918 and RFC 6598: where the host's LAN is. */
const privateNetworks = '10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16';

/**
 * The whole of netd's tables as nft(8) reads it; given at once, it takes the place of what was there, or nothing
 * changes. Rules match by the pattern of names, so that a tap or a bridge that they know nothing of yet is shut.
 */
export function formatRuleset({ guests, nameServer, forwarding }: Facts): string {
  const outside = guests.filter(({ guest }) => guest.nat);
  const withLan = outside.filter(({ guest }) => guest.lan);
  const atBridge = (some: Facts['guests']) =>
    some.map(({ bridge, guest }) => `"${bridge}" . ${formatIpv4(guest.address)}`);
  const peers = guests.filter(({ guest }) => guest.peers);
  const ownBridges = new Set(peers.map(({ bridge }) => `"${bridge}" . "${bridge}"`));
  const gateways = outside.map(({ bridge, gateway }) => `"${bridge}" . ${formatIpv4(gateway)}`);
  const server = nameServer === undefined ? undefined : formatIpv4(nameServer);
  const toServer = `meta l4proto { tcp, udp } th dport 53 ip daddr ${server} accept`;
  return `${replace('inet')}
table inet banger {
${set(
  'forwarded',
  'ifname',
  forwarding.map((name) => `"${name}"`),
)}
${set('outside', 'ifname . ipv4_addr', atBridge(outside))}
${set('lan', 'ifname . ipv4_addr', atBridge(withLan))}
${set('gateways', 'ifname . ipv4_addr', [...new Set(gateways)])}
${set('peers', 'ifname . ipv4_addr', atBridge(peers))}
${set('within', 'ifname . ifname', [...ownBridges])}
${set(
  'sources',
  'ipv4_addr',
  outside.map(({ guest }) => formatIpv4(guest.address)),
)}
  chain to_host {
    type filter hook input priority -10
    iifname "${anyBridge}" jump guest_to_host
  }
  chain guest_to_host {
    ct state established accept
    ct state related meta l4proto icmp accept
    ${server ? `iifname . ip saddr @outside ${toServer}` : ''}
    jump refuse
  }
  chain between {
    type filter hook forward priority -10
    iifname "${anyBridge}" jump guest_to_outside
    oifname "${anyBridge}" jump outside_to_guest
    iifname @forwarded drop
  }
  chain guest_to_outside {
    iifname . oifname @within iifname . ip saddr @peers oifname . ip daddr @peers accept
    oifname "${anyBridge}" jump refuse
    iifname . ip saddr != @outside jump refuse
    meta nfproto != ipv4 drop
    ${server ? toServer : ''}
    ip daddr { ${never} } jump refuse
    iifname . ip saddr @lan accept
    ip daddr { ${privateNetworks} } jump refuse
    accept
  }
  chain outside_to_guest {
    oifname . ip daddr @outside ct state established,related accept
    drop
  }
  chain refuse {
    meta nfproto ipv4 reject with icmp type admin-prohibited
    drop
  }
  chain names {
    type nat hook prerouting priority -100
    ${server ? `iifname . ip saddr @outside iifname . ip daddr @gateways meta l4proto { tcp, udp } th dport 53 dnat ip to ${server}` : ''}
  }
  chain sender {
    type nat hook postrouting priority 100
    ip saddr @sources oifname != "${anyBridge}" masquerade
  }
}
${replace('bridge')}
table bridge banger {
${set(
  'guests',
  'ifname . ether_addr . ipv4_addr',
  guests.map(({ tap, guest }) => `"${tap}" . ${guest.mac} . ${formatIpv4(guest.address)}`),
)}
  chain from_guest {
    type filter hook prerouting priority -300
    iifname "${anyTap}" jump known
  }
  chain known {
    ether type ip iifname . ether saddr . ip saddr @guests accept
    ether type arp iifname . ether saddr . arp saddr ip @guests iifname . arp saddr ether . arp saddr ip @guests accept
    drop
  }
}
`;
}

/** Takes the tables away, also if they are not there. */
export const noRules = `${replace('inet')}${replace('bridge')}`;

/** Deleting a table that is not there would fail. */
function replace(family: 'inet' | 'bridge'): string {
  return `table ${family} banger {}\ndelete table ${family} banger\n`;
}

function set(name: string, type: string, elements: readonly string[]): string {
  const given = elements.length > 0 ? `\n    elements = { ${elements.join(', ')} }` : '';
  return `  set ${name} {\n    type ${type}${given}\n  }`;
}
