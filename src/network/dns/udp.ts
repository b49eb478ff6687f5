import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/**
 * Answers that the system has not taken yet. A socket on the loopback takes them at once; if it does not, what comes
 * is dropped, as the network may do, instead of kept.
 */
const maxUnsent = 256;

/** A socket that answers each datagram. */
export interface UdpEnd {
  port: number;
  close(): Promise<void>;
}

/**
 * Answers datagrams at an address. The port is bound without address reuse: with it on both sides, another user could
 * bind the same port and be asked in our place.
 * @param port 0 for any that is free
 * @param respond gives the answer; must not throw
 * @throws Error of the system, such as EADDRINUSE
 */
export async function answerByUdp(
  address: string,
  port: number,
  respond: (message: Buffer) => Buffer | undefined,
  onError: (error: Error) => void,
): Promise<UdpEnd> {
  const socket = createSocket({ type: 'udp4', reuseAddr: false, reusePort: false });
  let unsent = 0;
  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    // Nothing can be sent to port 0, which whoever forges packets may name.
    if (unsent >= maxUnsent || from.port === 0) return;
    const answer = respond(message);
    if (!answer) return;
    unsent++;
    // Whoever asked may have gone.
    socket.send(answer, from.port, from.address, () => unsent--);
  });
  await bound(socket, address, port);
  socket.on('error', onError);
  return { port: socket.address().port, close: () => closed(socket) };
}

async function bound(socket: Socket, address: string, port: number): Promise<void> {
  socket.bind({ address, port, exclusive: true });
  try {
    await once(socket, 'listening');
  } catch (error) {
    await closed(socket);
    throw error;
  }
}

async function closed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.close(resolve));
}
