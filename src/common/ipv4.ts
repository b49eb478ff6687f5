/** An IPv4 network: its first address as a number, and the length of its prefix. */
export interface Ipv4Network {
  base: number;
  prefix: number;
}

/** An address in dotted decimal as a number; nothing for any other text, also for one with zeros in front. */
export function parseIpv4(text: string): number | undefined {
  if (!/^(?:(?:0|[1-9]\d{0,2})(?:\.|$)){4}$/.test(text) || text.endsWith('.')) return undefined;
  const bytes = text.split('.').map(Number);
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** The address of a number from 0 to 2^32 − 1. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** A network such as `172.30.0.0/16`; nothing for any other text, also if an address has bits beyond the prefix. */
export function parseNetwork(text: string): Ipv4Network | undefined {
  const [, address = '', length = ''] = /^([\d.]+)\/(0|[1-9]\d?)$/.exec(text) ?? [];
  const [base, prefix] = [parseIpv4(address), Number(length)];
  if (length === '' || base === undefined || prefix > 32) return undefined;
  return base % countAddresses({ base, prefix }) === 0 ? { base, prefix } : undefined;
}

/** Counts how many addresses a network has. */
export function countAddresses({ prefix }: Ipv4Network): number {
  return 2 ** (32 - prefix);
}

/** The network of this length that an address is in. */
export function ipv4Network(address: number, prefix: number): Ipv4Network {
  const size = 2 ** (32 - prefix);
  return { base: Math.floor(address / size) * size, prefix };
}

/** Checks whether two networks have an address in common. */
export function overlap(one: Ipv4Network, other: Ipv4Network): boolean {
  return one.base < other.base + countAddresses(other) && other.base < one.base + countAddresses(one);
}
