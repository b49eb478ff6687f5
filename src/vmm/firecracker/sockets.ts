import { join } from 'node:path';

/** The path of the socket on which a machine's Firecracker takes requests. */
export function apiSocket(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'firecracker.sock');
}

/** The host's end of a machine's vsock. */
export function vsockSocket(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'vsock.sock');
}
