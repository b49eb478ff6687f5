import { existsSync, readFileSync } from 'node:fs';

/** The socket by which the C library asks systemd-resolved whatever resolv.conf says; nss-resolve(8). */
const resolvedSocket = '/run/systemd/resolve/io.systemd.Resolve';

/**
 * Checks whether something on this host answers the questions of its programs; only that can be told of a server on the
 * loopback. Where a server elsewhere is asked for everything, a name of a VM would be told to it.
 * @param file as resolv.conf(5) has it
 */
export function hasLocalResolver(file = '/etc/resolv.conf', socket = resolvedSocket): boolean {
  if (existsSync(socket)) return true;
  const text = existsSync(file) ? readFileSync(file, 'latin1') : '';
  const servers = [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, server = '']) => server);
  // Where none is named, one at 127.0.0.1 is asked.
  return servers.length === 0 || servers.some((server) => server.startsWith('127.') || server === '::1');
}
