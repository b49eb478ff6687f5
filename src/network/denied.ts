import { networkInterfaces } from 'node:os';

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
export function deniedNetworks(allowLan: boolean, interfaces = networkInterfaces()): string[] {
  const own = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => `${address}/32`);
  return [...new Set([...linkLocal, ...(allowLan ? [] : privateNetworks), ...own.slice(0, maxOwn)])];
}

/** A host with more addresses than netns-exec takes is a router of containers, whose own are behind the first. */
const maxOwn = 50;
