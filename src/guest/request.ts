import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { BangerError, messageOf } from '../common/errors.ts';
import { type Reply, ReplyReader } from './reply.ts';

/** Opens one of the guest agent's channels, as `Machine.connectAgent` does. */
export type Connect = (signal: AbortSignal) => Promise<Duplex>;

/** How long a call may take, in milliseconds, and what ends it early. */
export interface CallOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface AgentRequest extends CallOptions {
  method: 'GET' | 'POST';
  path: string;
  /** JSON on one line. */
  body?: string;
}

/** All that a guest may send while one reply is awaited, in bytes: a reply and what is left of others. */
const maxReceived = 8 * 1024 * 1024;

/**
 * Asks the guest agent once, on a connection of its own, and gives its reply, whatever its status.
 * @throws GuestUnreachable, Timeout, Cancelled
 */
export async function agentRequest(connect: Connect, request: AgentRequest): Promise<Reply> {
  return withDeadline(request, (signal) => attempt(connect, request, signal));
}

/**
 * Asks until there is a reply: anew each `everyMs`, each time under a new id, and on a new connection
 * when one was lost. What is sent before the guest listens may be lost, so once is not enough.
 * @throws GuestUnreachable if the guest floods, Timeout, Cancelled
 */
export async function agentRequestRepeated(
  connect: Connect,
  request: AgentRequest,
  everyMs: number,
): Promise<Reply> {
  return withDeadline(request, async (signal) => {
    for (;;) {
      try {
        return await attempt(connect, request, signal, everyMs);
      } catch (error) {
        if (signal.aborted || error instanceof FloodError) throw error;
        await pause(everyMs / 4, signal);
      }
    }
  });
}

class FloodError extends BangerError {}

/** Runs something under a request's deadline; what it throws after that tells the deadline. */
async function withDeadline(
  request: AgentRequest,
  work: (signal: AbortSignal) => Promise<Reply>,
): Promise<Reply> {
  const name = `${request.method} ${request.path}`;
  const end = new AbortController();
  const onAbort = () => end.abort();
  // Not AbortSignal.timeout, whose timer keeps no process alive.
  const timer = setTimeout(onAbort, request.timeoutMs);
  if (request.signal?.aborted) onAbort();
  else request.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await work(end.signal);
  } catch (error) {
    if (request.signal?.aborted) throw new BangerError('Cancelled', 'cancelled while the guest was asked');
    if (end.signal.aborted) {
      const seconds = request.timeoutMs / 1000;
      throw new BangerError('Timeout', `the guest agent did not answer ${name} within ${seconds} s`);
    }
    if (error instanceof BangerError) throw error;
    throw new BangerError('GuestUnreachable', `the guest agent cannot be asked: ${messageOf(error)}`);
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', onAbort);
  }
}

async function attempt(
  connect: Connect,
  request: AgentRequest,
  signal: AbortSignal,
  everyMs?: number,
): Promise<Reply> {
  const stream = await connected(connect, signal);
  try {
    return await exchange(stream, request, signal, everyMs);
  } finally {
    stream.destroy();
  }
}

/** Connects, also when the one who connects does not heed the signal. */
async function connected(connect: Connect, signal: AbortSignal): Promise<Duplex> {
  signal.throwIfAborted();
  const opening = connect(signal);
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    reject(signal.reason);
    opening.then(
      (stream) => stream.destroy(),
      () => undefined,
    );
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([opening, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function exchange(
  stream: Duplex,
  request: AgentRequest,
  signal: AbortSignal,
  everyMs: number | undefined,
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const ids = new Set<string>();
  const reader = new ReplyReader();
  let received = 0;
  const send = () => {
    const id = randomUUID();
    ids.add(id);
    stream.write(encode(request, id));
  };
  const onAbort = () => reject(signal.reason);
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
    const reply = reader.push(chunk).find(({ id }) => ids.has(id));
    if (reply) resolve(reply);
    else if (received > maxReceived) {
      reject(new FloodError('GuestUnreachable', 'the guest agent sends without end what nobody asked for'));
    }
  });
  stream.on('error', reject);
  stream.on('close', () => reject(new Error('the connection was closed')));
  stream.on('end', () => reject(new Error('the connection was closed')));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const timer = everyMs === undefined ? undefined : setInterval(send, everyMs);
  send();
  return promise.finally(() => {
    clearInterval(timer);
    signal.removeEventListener('abort', onAbort);
  });
}

function encode(request: AgentRequest, id: string): string {
  const body = request.body ?? '';
  const length = Buffer.byteLength(body);
  return [
    `${request.method} ${request.path} HTTP/1.1`,
    'Host: banger',
    `X-Request-Id: ${id}`,
    ...(length > 0 ? ['Content-Type: application/json', `Content-Length: ${length}`] : []),
    '',
    body,
  ].join('\r\n');
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
