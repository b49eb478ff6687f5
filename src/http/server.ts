import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError, messageOf } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { Jobs } from '../job/jobs.ts';
import type { StaleVms } from '../monitor/stale-vms.ts';
import type { VmRegistry } from '../vm/registry.ts';
import { stateOf } from '../vm/vm.ts';
import { sendConsole } from './console.ts';
import { Events } from './events.ts';
import { type ListenAt, type Listening, listen } from './listen.ts';
import { type LastSamples, vmMetrics } from './metrics.ts';
import { contentType } from './openmetrics.ts';
import { streamEvents } from './stream.ts';

/** What is served. */
export interface HttpServices {
  log: Log;
  /** Where a person finds the log. */
  logPlace: string;
  vms: VmRegistry;
  jobs: Jobs;
  monitor: { samples: LastSamples; stale: StaleVms };
}

/** Nobody has so many programs that look; more are turned away. */
const mostConnections = 64;
/** For all of a request; a response may take as long as it is read. */
const requestMs = 10_000;
const idleConnectionMs = 5_000;
const pollMs = 10;

/** What a request asks for that cannot be given. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Serves over HTTP what a bus should not carry: events, figures and consoles. Changes nothing. */
export class HttpServer {
  readonly #services: HttpServices;
  readonly #events: Events;
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  #onRequest: () => void = () => undefined;
  #listening: Listening | undefined;

  constructor(services: HttpServices) {
    this.#services = services;
    this.#events = new Events({ vms: services.vms, jobs: services.jobs, stale: services.monitor.stale });
    const limits = { maxHeaderSize: 8192, requestTimeout: requestMs, headersTimeout: requestMs };
    const timing = { keepAliveTimeout: idleConnectionMs, connectionsCheckingInterval: idleConnectionMs };
    this.#server = createServer({ ...limits, ...timing }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.maxConnections = mostConnections;
    this.#server.on('error', (error) => services.log.error({ err: error }, 'HTTP failed'));
  }

  /** Whether somebody reads a stream, or an answer that is long. */
  get isInUse(): boolean {
    return this.#open.size > 0;
  }

  /** Has somebody told of every request. */
  onActivity(listener: () => void): void {
    this.#onRequest = listener;
  }

  /** Begins to listen, at first unseen. @throws Error of the system */
  async listen(at: ListenAt): Promise<void> {
    this.#listening = await listen(this.#server, at);
  }

  /** Lets clients find the socket. Where they cannot, the log says why: it is no more than a view of what happens. */
  publish(): void {
    try {
      this.#listening?.publish();
    } catch (error) {
      this.#services.log.error({ err: error }, `nobody finds the HTTP socket: ${messageOf(error)}`);
    }
  }

  /**
   * Takes the socket away and ends all connections, those with a request that was taken once it is answered.
   * @param graceMs how long they may take
   */
  async close(graceMs: number): Promise<void> {
    this.#listening?.withdraw();
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const over = new AbortController();
    void closed.then(() => over.abort());
    for (const deadline = Date.now() + graceMs; Date.now() < deadline && !over.signal.aborted; ) {
      this.#server.closeIdleConnections();
      await sleep(pollMs, undefined, { signal: over.signal }).catch(() => undefined);
    }
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#onRequest();
    this.#open.add(response);
    response.on('close', () => this.#open.delete(response));
    // A client may go at any time.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    this.#route(request, response).catch((error: unknown) => this.#refuse(response, error));
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '', 'http://banger');
    if (!url) throw new Refusal(400, 'the path is not one');
    const [, ref] = /^\/vms\/([^/]+)\/console$/.exec(url.pathname) ?? [];
    const { vms, monitor } = this.#services;
    if (ref === undefined && url.pathname !== '/events' && url.pathname !== '/metrics') {
      throw new Refusal(404, 'there are /events, /metrics and /vms/REF/console');
    }
    if (request.method !== 'GET') throw new Refusal(405, 'here is only GET');
    if (ref !== undefined) {
      const { id } = vms.get(decoded(ref));
      const isLive = () => vms.has(id) && !['stopped', 'failed'].includes(stateOf(vms.get(id)));
      await sendConsole(response, { file: vms.filesOf(id).console, isLive }, wantsToFollow(url));
    } else if (url.pathname === '/events') {
      streamEvents(response, (listener) => this.#events.listen(listener));
    } else {
      response.writeHead(200, { 'Content-Type': contentType });
      response.end(vmMetrics(vms.list(), monitor.samples));
    }
  }

  #refuse(response: ServerResponse, error: unknown): void {
    const status = statusOf(error);
    if (status === 500) this.#services.log.error({ err: error }, 'an HTTP request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', ...(status === 405 && { Allow: 'GET' }) };
    response.writeHead(status, headers);
    response.end(
      `${status === 500 ? `internal error; ${this.#services.logPlace} has it` : messageOf(error)}\n`,
    );
  }
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  return error instanceof BangerError && error.code === 'NoSuchVM' ? 404 : 500;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, 'the name of the VM is not encoded as a path has it');
  }
}

function wantsToFollow(url: URL): boolean {
  const follow = url.searchParams.get('follow') ?? '0';
  if (follow === '0' || follow === '1') return follow === '1';
  throw new Refusal(400, 'follow is 1 or 0');
}
