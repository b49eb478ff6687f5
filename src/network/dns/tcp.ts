import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** More make room by ending the one that was opened first, so nobody can keep the others out by holding them all. */
const maxConnections = 64;
/** How long a connection stays when nothing comes (RFC 7766, 6.2.3: in the order of seconds). */
const idleMs = 5_000;
/** No question of a resolver comes near to it. */
const maxMessageLength = 4096;
const lengthBytes = 2;

/** A server that answers each message of its connections. */
export interface TcpEnd {
  close(): Promise<void>;
}

/**
 * Answers messages on connections, each with its length before it (RFC 1035, 4.2.2), in their order.
 * @param respond gives the answer; must not throw
 * @throws Error of the system, such as EADDRINUSE
 */
export async function answerByTcp(
  address: string,
  port: number,
  respond: (message: Buffer) => Buffer | undefined,
  onError: (error: Error) => void,
): Promise<TcpEnd> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const [oldest] = open;
    if (oldest && open.size >= maxConnections) oldest.destroy();
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, respond);
  });
  server.listen({ host: address, port, exclusive: true });
  await once(server, 'listening');
  server.on('error', onError);
  return { close: () => closed(server, open) };
}

function serve(socket: Socket, respond: (message: Buffer) => Buffer | undefined): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay();
  socket.setTimeout(idleMs, () => socket.destroy());
  // A client may go at any time.
  socket.on('error', () => undefined);
  // Who does not read the answers is not read from either.
  socket.on('drain', () => socket.resume());
  socket.on('data', (chunk: Buffer) => {
    const { messages, left } = split(rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk);
    rest = left;
    if (messages === undefined) {
      socket.destroy();
      return;
    }
    const answers = messages.flatMap((message) => framed(respond(message)));
    if (answers.length > 0 && !socket.write(Buffer.concat(answers))) socket.pause();
  });
}

/** The whole messages of a stream and what is left of it; no messages for one that is too long to be a question. */
function split(stream: Buffer): { messages: Buffer[] | undefined; left: Buffer } {
  const messages: Buffer[] = [];
  let left = stream;
  while (left.length >= lengthBytes) {
    const end = lengthBytes + left.readUInt16BE(0);
    if (end > lengthBytes + maxMessageLength) return { messages: undefined, left };
    if (left.length < end) break;
    messages.push(left.subarray(lengthBytes, end));
    left = left.subarray(end);
  }
  return { messages, left };
}

function framed(answer: Buffer | undefined): Buffer[] {
  if (!answer) return [];
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt16BE(answer.length);
  return [length, answer];
}

async function closed(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const end = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of open) socket.destroy();
  await end;
}
