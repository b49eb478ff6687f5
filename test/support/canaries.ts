/**
 * Servers that must or must not be reached, in the network namespace that this runs in: one on each address
 * given. Prints `ready <port>`, then the address for every connection. Usage: canaries.ts ADDRESS…
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const port = 4242;

for (const address of process.argv.slice(2)) {
  const server = createServer((socket) => {
    process.stdout.write(`reached ${address}\n`);
    socket.on('error', () => undefined);
    socket.end(`canary ${address}\n`);
  });
  server.listen({ host: address, port });
  await once(server, 'listening');
}
process.stdout.write(`ready ${port}\n`);
