import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiRequest } from '../../../src/vmm/firecracker/api.ts';

/** What a fake Firecracker does with a request: an answer, none at all, its own end, or bytes that are no answer. */
export type FakeAnswer =
  | { status: number; body?: unknown; afterMs?: number }
  | 'never'
  | 'crash'
  | { raw: string | Buffer };

/** A Firecracker of which only the API is there. */
export interface FakeFirecracker extends AsyncDisposable {
  /** What it was asked, in order. */
  readonly asked: ApiRequest[];
  /** Its state, as its API tells it. */
  state: string;
  /** What it does; by default it accepts everything. */
  answer: (request: ApiRequest) => FakeAnswer | undefined;
  /** Settles when it has crashed. */
  readonly ended: Promise<void>;
}

/** Listens as a Firecracker whose runtime directory this is. */
export async function fakeFirecracker(runtimeDirectory: string): Promise<FakeFirecracker> {
  const ended = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const asked = { method: request.method, path: request.url, ...(await bodyOf(request)) } as ApiRequest;
    fake.asked.push(asked);
    const answer = fake.answer(asked) ?? accept(fake, asked);
    if (answer === 'never') return;
    if (answer === 'crash') {
      await close(server, sockets);
      ended.resolve();
      return;
    }
    if ('raw' in answer) {
      response.socket?.end(answer.raw);
      return;
    }
    if (answer.afterMs !== undefined) await sleep(answer.afterMs);
    response
      .writeHead(answer.status)
      .end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  });
  const fake: FakeFirecracker = {
    asked: [],
    state: 'Not started',
    answer: () => undefined,
    ended: ended.promise,
    [Symbol.asyncDispose]: () => close(server, sockets),
  };
  await listen(server, join(runtimeDirectory, 'firecracker.sock'), sockets);
  return fake;
}

/** Listens as the host's end of a vsock. @param serve is given each connection and what it asked for first */
export async function fakeVsock(
  runtimeDirectory: string,
  serve: (client: Socket, request: string) => void,
): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((client) => {
    client.once('data', (data) => serve(client, data.toString()));
  });
  await listen(server, join(runtimeDirectory, 'vsock.sock'), sockets);
  return { [Symbol.asyncDispose]: () => close(server, sockets) };
}

function accept(fake: FakeFirecracker, { method, path, body }: ApiRequest): FakeAnswer {
  if (body?.action_type === 'InstanceStart') fake.state = 'Running';
  if (method !== 'GET') return { status: 204 };
  if (path !== '/') return { status: 400, body: { fault_message: 'Invalid request method and/or path' } };
  const info = { id: 'test', state: fake.state, vmm_version: '1.14.2', app_name: 'Firecracker' };
  return { status: 200, body: info };
}

async function bodyOf(request: IncomingMessage): Promise<{ body?: unknown }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : { body: JSON.parse(text) };
}

function listen(server: Server, path: string, sockets: Set<Socket>): Promise<void> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  return new Promise((resolve) => server.listen(path, resolve));
}

async function close(server: Server, sockets: Set<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
