import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Who has connected by now has sent a request by then, or gets no answer. */
const graceMs = 300;

/**
 * Tells those who wait at a socket that systemd holds why there is no daemon. Without that it would start one for
 * them again and again.
 */
export async function refuseRequests(descriptor: number, message: string): Promise<void> {
  const server = createServer((_request, response) => {
    response.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
    response.end(`${message}\n`);
  });
  // Of a descriptor that is no socket nobody waits for anything.
  server.on('error', () => undefined);
  server.listen({ fd: descriptor });
  await sleep(graceMs);
  server.close();
  server.closeAllConnections();
}
