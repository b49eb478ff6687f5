import { once } from 'node:events';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';

/** Where to listen: a path of our own, or a descriptor that a service manager has opened. */
export type ListenAt = { path: string } | { fd: number };

/** A server that listens. */
export interface Listening {
  /** Puts the socket at its path, in place of one that a killed daemon left. Not before that, nobody finds it. */
  publish(): void;
  /** Takes it away from there. Connections go on. */
  withdraw(): void;
}

/**
 * Has a server listen; a socket at a path is for this user only, from its first moment there.
 * @throws Error of the system, such as ENAMETOOLONG
 */
export async function listen(server: Server, at: ListenAt): Promise<Listening> {
  // Its clients can wait: whoever opened it keeps them until somebody listens, and does so again after us.
  if ('fd' in at) return { publish: () => server.listen({ fd: at.fd }), withdraw() {} };
  const unpublished = `${at.path}.new`;
  rmSync(unpublished, { force: true });
  server.listen({ path: unpublished });
  await once(server, 'listening');
  chmodSync(unpublished, 0o600);
  let place = unpublished;
  return {
    publish: () => {
      renameSync(unpublished, at.path);
      place = at.path;
    },
    withdraw: () => rmSync(place, { force: true }),
  };
}
