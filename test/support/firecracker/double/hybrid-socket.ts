import { createServer, type Server, type Socket } from 'node:net';
import type { AgentPorts } from './agent-ports.ts';

/** The port on which the guest agent listens. */
const agentPort = 1024;
/** Where Firecracker begins to number the host's ends of connections. */
let hostPort = 1 << 30;
const longestCommand = 32;

/**
 * Serves the socket by which a host reaches ports of a guest: `CONNECT 1024\n` is answered with `OK n\n` where
 * something listens on that port in the guest, else with the end of the connection.
 * @param ports the guest's agent, once there is a guest
 * @throws Error if the socket cannot be made, as when its file is there
 */
export async function serveHybridSocket(path: string, ports: () => AgentPorts | undefined): Promise<Server> {
  const server = createServer((socket) => greet(socket, ports));
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(path, resolve));
  return server;
}

function greet(socket: Socket, ports: () => AgentPorts | undefined): void {
  let heard = Buffer.alloc(0);
  socket.on('error', () => undefined);
  const hear = (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    const end = heard.indexOf('\n');
    if (end < 0 && heard.length <= longestCommand) return;
    socket.off('data', hear);
    const port = Number(/^connect (\d+)$/i.exec(heard.subarray(0, end).toString('latin1'))?.[1]);
    const agent = ports();
    if (port !== agentPort || !agent?.listens) {
      socket.destroy();
      return;
    }
    agent.connect(socket);
    hostPort += 1;
    socket.write(`OK ${hostPort}\n`);
    const rest = heard.subarray(end + 1);
    if (rest.length > 0) socket.unshift(rest);
  };
  socket.on('data', hear);
}
