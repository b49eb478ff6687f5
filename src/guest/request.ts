import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled, Deadline, onAbort, throwIfCancelled, untilAborted } from '../common/abort.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import { chunkUnits } from '../common/work-budget.ts';
import { AgentBudget, FloodError } from './agent-budget.ts';
import { type AgentReply, ReplyReader } from './reply.ts';
import { readInSlices } from './slices.ts';

/** Opens one of the guest agent's channels, as `Machine.connectAgent` does. */
export type Connect = (signal: AbortSignal) => Promise<Duplex>;

/** How long a call may take, in milliseconds, and what ends it early. */
export interface CallOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** What the guest may cost, all calls together; one of this call's own where absent. */
  budget?: AgentBudget | undefined;
}

export interface AgentRequest extends CallOptions {
  method: 'GET' | 'POST';
  path: string;
  /** JSON on one line. */
  body?: string;
}

/** The work of looking into one head, in units of a work budget. */
const headUnits = 512;

/**
 * Asks the guest agent once, on a connection of its own, and gives its reply, whatever its status.
 * @throws GuestUnreachable, also if the guest floods or was cut off because it did; Timeout, Cancelled
 */
export async function agentRequest(connect: Connect, request: AgentRequest): Promise<AgentReply> {
  const budget = request.budget ?? new AgentBudget();
  return withDeadline(request, (signal) => attempt(connect, { ...request, budget }, signal));
}

/**
 * Asks until there is a reply: anew each `everyMs`, each time under a new id, and on a new connection
 * when one was lost. What is sent before the guest listens may be lost, so once is not enough.
 * @throws GuestUnreachable if the guest floods or was cut off because it did, Timeout, Cancelled
 */
export async function agentRequestRepeated(
  connect: Connect,
  request: AgentRequest,
  everyMs: number,
): Promise<AgentReply> {
  const budget = request.budget ?? new AgentBudget();
  return withDeadline(request, async (signal) => {
    for (;;) {
      try {
        return await attempt(connect, { ...request, budget }, signal, everyMs);
      } catch (error) {
        if (signal.aborted || error instanceof FloodError) throw error;
        await sleep(everyMs / 4, undefined, { signal });
      }
    }
  });
}

/** Runs something under a request's deadline; what it throws after that tells the deadline. */
async function withDeadline(
  request: AgentRequest,
  work: (signal: AbortSignal) => Promise<AgentReply>,
): Promise<AgentReply> {
  const name = `${request.method} ${request.path}`;
  using deadline = new Deadline(request.timeoutMs, request.signal);
  try {
    return await work(deadline.signal);
  } catch (error) {
    if (request.signal?.aborted) throw cancelled('while the guest was asked');
    if (deadline.passed) {
      const seconds = request.timeoutMs / 1000;
      throw new BangerError('Timeout', `the guest agent did not answer ${name} within ${seconds} s`);
    }
    if (error instanceof BangerError) throw error;
    throw new BangerError('GuestUnreachable', `the guest agent cannot be asked: ${getMessage(error)}`);
  }
}

type BudgetedRequest = AgentRequest & { budget: AgentBudget };

async function attempt(
  connect: Connect,
  request: BudgetedRequest,
  signal: AbortSignal,
  everyMs?: number,
): Promise<AgentReply> {
  request.budget.check();
  const stream = await connected(connect, signal);
  try {
    return await exchange(stream, request, signal, everyMs);
  } finally {
    stream.destroy();
  }
}

/** Connects, also when the one who connects does not heed the signal. */
async function connected(connect: Connect, signal: AbortSignal): Promise<Duplex> {
  throwIfCancelled(signal);
  const opening = connect(signal);
  using _late = onAbort(signal, () => {
    opening.then(
      (stream) => stream.destroy(),
      () => undefined,
    );
  });
  return await untilAborted(opening, signal);
}

function exchange(
  stream: Duplex,
  request: BudgetedRequest,
  signal: AbortSignal,
  everyMs: number | undefined,
): Promise<AgentReply> {
  const { promise, resolve, reject } = Promise.withResolvers<AgentReply>();
  const ids = new Set<string>();
  const reader = new ReplyReader((id) => ids.has(id));
  const send = () => {
    const id = randomUUID();
    ids.add(id);
    request.budget.asked();
    stream.write(encode(request, id));
  };
  readInSlices(stream, (piece, isFirst) => {
    const heads = reader.headsRead;
    const [reply] = reader.push(piece);
    if (reply) resolve(reply);
    const units = piece.length + (reader.headsRead - heads) * headUnits;
    try {
      request.budget.spend(units + (isFirst ? chunkUnits : 0));
    } catch (error) {
      reject(error);
      stream.destroy();
    }
    return units;
  });
  stream.on('error', reject);
  stream.on('close', () => reject(new Error('the connection was closed')));
  stream.on('end', () => reject(new Error('the connection was closed')));
  const cancellation = onAbort(signal, () => reject(cancelled()));
  const timer = everyMs === undefined ? undefined : setInterval(send, everyMs);
  send();
  return promise.finally(() => {
    clearInterval(timer);
    cancellation[Symbol.dispose]();
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
