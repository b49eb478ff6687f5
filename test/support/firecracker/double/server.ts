import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { ApiReply, ApiRequest, ApiValidator } from '../validator.ts';
import { Fault } from './fault.ts';
import type { Instance } from './instance.ts';
import { handleRequest } from './requests.ts';

export interface ApiServer {
  socket: string;
  instance: Instance;
  validator: ApiValidator;
  /** A file to which every request is added with its reply, a line each. */
  record: string | undefined;
}

/** A line of the record. */
export interface Recorded {
  request: ApiRequest;
  reply: ApiReply;
  /** What is wrong with the request. */
  wrong: string[];
  /** When it had come and when it was answered, in milliseconds since 1970. */
  began: number;
  ended: number;
}

/** Serves the API on its socket. One request is dealt with after the other, as in Firecracker's one thread. */
export async function serveApi(api: ApiServer): Promise<Server> {
  let turn: Promise<unknown> = Promise.resolve();
  const server = createServer(async (message, response) => {
    const request = await read(message);
    const answered = turn.then(() => answer(api, request));
    turn = answered;
    const { status, body } = await answered;
    const text = body === undefined ? '' : JSON.stringify(body);
    response.writeHead(status, {
      Server: 'Firecracker API',
      ...(text && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
    });
    response.end(text);
  });
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(api.socket, resolve));
  return server;
}

async function read(message: IncomingMessage): Promise<ApiRequest> {
  const { method = '', url: path = '' } = message;
  const hasBody = Number(message.headers['content-length'] ?? 0) > 0;
  return hasBody ? { method, path, body: await json(message).catch(() => 'no JSON') } : { method, path };
}

async function answer({ instance, validator, record }: ApiServer, request: ApiRequest): Promise<ApiReply> {
  const began = now();
  await instance.turn();
  const wrong = validator.request(request);
  const reply =
    wrong.length > 0
      ? fault(400, wrong.join('; '))
      : await handleRequest(instance, request, validator.operationOf(request)).then(
          (body) => (body === undefined ? { status: 204 } : { status: 200, body }),
          (error: unknown) => fault(error instanceof Fault ? 400 : 500, String(error)),
        );
  const line: Recorded = { request, reply, wrong, began, ended: now() };
  if (record !== undefined) appendFileSync(record, `${JSON.stringify(line)}\n`);
  const odd = validator.reply(request, reply);
  if (odd.length > 0) throw new Error(`the double would answer ${JSON.stringify(line)}: ${odd.join('; ')}`);
  return reply;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function fault(status: number, message: string): ApiReply {
  return { status, body: { fault_message: message.replace(/^(Fault|Error): /, '') } };
}
