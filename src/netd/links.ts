import { run } from '../common/exec.ts';
import { type Ipv4Network, parseIpv4 } from '../common/ipv4.ts';
import { type NetdObject, readName } from './names.ts';

const timeoutMs = 10_000;

/** One interface of this host. */
export interface Link {
  index: number;
  name: string;
  mac: string;
  /** What the administrator, or netd, wrote beside it. */
  alias: string;
  /** The bridge that it is a port of. */
  master: string | undefined;
  isUp: boolean;
  /** Whether something is at its other end: for a tap, that a program has it open. */
  hasCarrier: boolean;
  /** Whether a port reaches only ports that are not. */
  isIsolated: boolean;
  addresses: readonly { address: number; prefix: number }[];
}

/** An interface of netd's, with whose it is. */
export interface OwnLink extends Link {
  kind: NetdObject;
  uid: number;
}

/** As ip-address(8) prints it with -json and -details; what is absent is false or empty. */
interface RawLink {
  ifindex: number;
  ifname: string;
  flags: string[];
  address?: string;
  ifalias?: string;
  master?: string;
  linkinfo?: { info_kind?: string; info_slave_data?: { isolated?: boolean } };
  addr_info: { family?: string; local?: string; prefixlen?: number }[];
}

const kinds: Readonly<Record<NetdObject, string>> = { bridge: 'bridge', tap: 'tun', resolver: 'veth' };

/** All interfaces of this host. @throws CommandFailed, HostNotReady, Timeout */
export async function readLinks(): Promise<Link[]> {
  return (await readRaw()).map(linkOf);
}

/** Those of netd's; one that only has such a name is none. @throws as readLinks */
export async function readOwnLinks(): Promise<OwnLink[]> {
  return (await readRaw()).flatMap((raw) => {
    const owned = readName(raw.ifname);
    return owned && raw.linkinfo?.info_kind === kinds[owned.kind] ? [{ ...linkOf(raw), ...owned }] : [];
  });
}

/**
 * Runs commands of ip(8), one a line, up to the first that fails.
 * @param lines made of names and numbers that were checked, never of a caller's words
 */
export async function ipBatch(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await run({ file: 'ip', args: ['-batch', '-'], input: `${lines.join('\n')}\n`, timeoutMs });
}

/** Removes interfaces; those that have gone meanwhile are no failure. */
export async function removeLinks(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const lines = names.map((name) => `link delete dev ${name}\n`).join('');
  await run({ file: 'ip', args: ['-force', '-batch', '-'], input: lines, timeoutMs }).catch(
    async (error: unknown) => {
      const left = (await readLinks()).filter(({ name }) => names.includes(name));
      if (left.length > 0) throw error;
    },
  );
}

/** What the main routing table leads to. */
export interface Routes {
  /** Apart from the default routes. */
  networks: Ipv4Network[];
  /** The interfaces of the default routes. */
  uplinks: string[];
  /** The interfaces of all routes, but for netd's own. */
  interfaces: string[];
}

/** @throws CommandFailed, HostNotReady, Timeout */
export async function readRoutes(): Promise<Routes> {
  const said = await run({ file: 'ip', args: ['-json', '-4', 'route', 'show'], timeoutMs });
  const routes: { dst?: string; dev?: string }[] = JSON.parse(said || '[]');
  const networks: Ipv4Network[] = [];
  const uplinks = new Set<string>();
  const interfaces = new Set<string>();
  for (const { dst = '', dev } of routes) {
    if (dev !== undefined && !readName(dev)) interfaces.add(dev);
    if (dst === 'default') {
      if (dev !== undefined) uplinks.add(dev);
      continue;
    }
    const [base = '', prefix = '32'] = dst.split('/');
    const address = parseIpv4(base);
    if (address !== undefined) networks.push({ base: address, prefix: Number(prefix) });
  }
  return { networks, uplinks: [...uplinks], interfaces: [...interfaces] };
}

async function readRaw(): Promise<RawLink[]> {
  return JSON.parse(await run({ file: 'ip', args: ['-json', '-details', 'address', 'show'], timeoutMs }));
}

function linkOf(raw: RawLink): Link {
  return {
    index: raw.ifindex,
    name: raw.ifname,
    mac: raw.address ?? '',
    alias: raw.ifalias ?? '',
    master: raw.master,
    isUp: raw.flags.includes('UP'),
    hasCarrier: raw.flags.includes('LOWER_UP'),
    isIsolated: raw.linkinfo?.info_slave_data?.isolated === true,
    addresses: raw.addr_info.flatMap(({ family, local = '', prefixlen = 32 }) => {
      const address = family === 'inet' ? parseIpv4(local) : undefined;
      return address === undefined ? [] : [{ address, prefix: prefixlen }];
    }),
  };
}
