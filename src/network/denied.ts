import { readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { guestNetwork } from './addresses.ts';

/**
 * Networks that a guest must not reach. 127.0.0.0/8 and 0.0.0.0/8 are not among them because the
 * namespace's router never forwards to them.
 */
const linkLocal = ['169.254.0.0/16'];
/** RFC 1918 and RFC 6598: where the host's LAN is. */
const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

/**
 * What a guest is denied: link-local addresses, where clouds keep their credentials, the host's own
 * addresses, on which its services may listen, and the LAN unless the user asked for it.
 */
export function deniedNetworks(allowLan: boolean, local = localAddresses()): string[] {
  const own = local.filter((address) => !address.startsWith('127.')).map((address) => `${address}/32`);
  return [...new Set([...linkLocal, ...(allowLan ? [] : privateNetworks), ...own.slice(0, maxOwn)])];
}

/**
 * Those of some addresses that a guest is denied.
 * @param denied as `deniedNetworks` gives them
 */
export function deniedAmong(addresses: readonly string[], denied: readonly string[]): string[] {
  const list = new BlockList();
  for (const network of denied) {
    const [base = '', prefix = ''] = network.split('/');
    list.addSubnet(base, Number(prefix));
  }
  // The network's own server is on the guest's side of the filter.
  return addresses.filter((address) => address !== guestNetwork.dns && list.check(address));
}

/**
 * The IPv4 addresses that this host answers itself, as its routing table has them. Those of an interface
 * without a carrier and further ones of the loopback are among them, of which Node tells nothing.
 * @param trie the kernel's table, as /proc/net/fib_trie shows it: an address, then what it is, line by line
 */
export function localAddresses(trie = readFileSync('/proc/net/fib_trie', 'latin1')): string[] {
  const found = new Set<string>();
  let address = '';
  for (const line of trie.split('\n')) {
    address = /\|-- ([\d.]+)$/.exec(line)?.[1] ?? address;
    if (line.trim() === '/32 host LOCAL') found.add(address);
  }
  return [...found];
}

/** A host with more addresses than netns-exec takes is a router of containers, whose own are behind the first. */
const maxOwn = 50;
