import { getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { HttpServer } from '../http/server.ts';

/**
 * Listens for HTTP: on the socket that systemd opened, else at the path. It is no more than a view of what happens,
 * so a host where it cannot be had still has VMs.
 * @param handed the descriptor of a socket at that path, if there is one
 * @returns the path, or nothing where it failed
 */
export async function listenAt(
  http: HttpServer,
  path: string,
  handed: number | undefined,
  log: Log,
): Promise<string> {
  try {
    await http.listen(handed === undefined ? { path } : { fd: handed });
    return path;
  } catch (error) {
    log.error({ err: error }, `there is no HTTP at ${path}: ${getMessage(error)}`);
    return '';
  }
}
