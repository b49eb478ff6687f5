import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** A process of this host. */
export interface Holder {
  pid: number;
  name: string;
}

/**
 * Finds who has a port of this host, on an address or on all.
 * @returns nothing if nobody has, or if it is a process of another user
 */
export function findHolder(protocol: 'tcp' | 'udp', address: string, port: number): Holder | undefined {
  const inodes = new Set(
    [protocol, `${protocol}6`].flatMap((table) => socketsAt(readTable(table), address, port)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    if (openFiles(pid).some((link) => inodes.has(link))) return { pid: Number(pid), name: nameOf(pid) };
  }
  return undefined;
}

/**
 * The sockets that have a port, as links in /proc/PID/fd show them.
 * @param table of /proc/net: the local address in hexadecimal is the second word, the inode the tenth
 */
export function socketsAt(table: string, address: string, port: number): string[] {
  const own = Buffer.from(address.split('.').map(Number).reverse()).toString('hex').toUpperCase();
  const everywhere = /^0+$/;
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const [host = '', number = ''] = local.split(':');
    // 0A is a TCP socket that listens, 07 a UDP socket that is bound.
    const isServer = state === '0A' || state === '07';
    const isThere = Number.parseInt(number, 16) === port && (host === own || everywhere.test(host));
    return isServer && isThere ? [`socket:[${inode}]`] : [];
  });
}

function readTable(name: string): string {
  try {
    return readFileSync(`/proc/net/${name}`, 'latin1');
  } catch {
    // A kernel without IPv6 has no such tables.
    return '';
  }
}

/** The name of its program; a thread's own, as /proc has it too, says little. */
function nameOf(pid: string): string {
  try {
    const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return basename(program);
  } catch {
    return '';
  }
}

function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    // It ended meanwhile, or is another user's.
    return [];
  }
}
