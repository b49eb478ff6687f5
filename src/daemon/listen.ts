import { messageOf } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { HttpServer } from '../http/server.ts';

/**
 * Listens for HTTP. It is no more than a view of what happens, so a host where it cannot be had still has VMs.
 * @returns the path, or nothing where it failed
 */
export async function listenAt(http: HttpServer, path: string, log: Log): Promise<string> {
  try {
    await http.listen({ path });
    return path;
  } catch (error) {
    log.error({ err: error }, `there is no HTTP at ${path}: ${messageOf(error)}`);
    return '';
  }
}
