import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Deadline, throwIfCancelled } from '../../common/abort.ts';
import { BangerError, getMessage } from '../../common/errors.ts';
import { printable } from '../../common/text.ts';
import { isUnheard } from '../sockets.ts';
import { VmmGone } from '../starting.ts';
import { refusal } from './refusal.ts';

/** One request of Firecracker's API; a body is sent as JSON. */
export interface ApiRequest {
  method: 'GET' | 'PUT' | 'PATCH';
  path: string;
  body?: Readonly<Record<string, unknown>>;
}

/** More than any answer to what we ask; a Firecracker that was taken over might send without end. */
const maxAnswer = 64 * 1024;

/**
 * Has a running Firecracker do something.
 * @param socket the path of its API socket
 * @param timeoutMs for the whole exchange
 * @returns the answer's object, empty where there is none; nothing if nobody listens on the socket
 * @throws CommandFailed with Firecracker's words if it refuses, HostNotReady if it refuses for what the host lacks, goes
 *   away or answers what is no answer, Timeout, Cancelled
 */
export async function ask(
  socket: string,
  request: ApiRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  const name = `${request.method} ${request.path}`;
  using deadline = new Deadline(timeoutMs, signal);
  try {
    const { status, text } = await exchange(socket, request, deadline.signal);
    return understood(request, status, text);
  } catch (error) {
    throwIfCancelled(signal);
    if (deadline.passed) {
      throw new BangerError('Timeout', `Firecracker did not answer ${name} within ${timeoutMs / 1000} s`);
    }
    if (error instanceof BangerError) throw error;
    if (isUnheard(error)) return undefined;
    throw new VmmGone(`Firecracker went away at ${name}: ${getMessage(error)}`);
  }
}

interface Answer {
  status: number;
  text: string;
}

function exchange(socket: string, { method, path, body }: ApiRequest, signal: AbortSignal): Promise<Answer> {
  const payload = body && JSON.stringify(body);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = httpRequest({
    socketPath: socket,
    method,
    path,
    headers: {
      Accept: 'application/json',
      // It takes nothing in chunks.
      ...(payload && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(payload) }),
    },
    agent: false,
    signal,
  });
  sent.on('error', reject);
  sent.on('response', (response) => read(response).then(resolve, reject));
  sent.end(payload);
  return promise.finally(() => sent.destroy());
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswer) throw new VmmGone("Firecracker's answer has no end");
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

function understood(request: ApiRequest, status: number, text: string): Record<string, unknown> {
  const name = `${request.method} ${request.path}`;
  const answer = parsed(text);
  if (status >= 400) throw refusal(name, status, answer?.fault_message);
  // A request that changes something has no answer to read.
  if (status === 204 && request.method !== 'GET') return {};
  if (status === 200 && request.method === 'GET' && answer) return answer;
  const said = printable(text.trim(), 100);
  const what = said === '' ? 'nothing' : JSON.stringify(said);
  throw new VmmGone(`Firecracker answered ${name} with status ${status} and ${what}`);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
