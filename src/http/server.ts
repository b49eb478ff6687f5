import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError, getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { Jobs } from '../job/jobs.ts';
import type { StaleVms } from '../upkeep/stale-vms.ts';
import { getVmState } from '../vm/operation/state.ts';
import type { VmRegistry } from '../vm/registry.ts';
import { Connections } from './connections.ts';
import { sendConsole } from './console.ts';
import { Events } from './events.ts';
import { checkRequest, headersRead, Refusal } from './gate.ts';
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
  samples: LastSamples;
  stale: StaleVms;
}

/** Nobody has so many programs that look on; more are turned away. */
const maxStreams = 64;
/** For the headers of a request, for all of it, and for an answer that is no stream to be read. */
const headersMs = 5_000;
const requestMs = 10_000;
const answerMs = 10_000;
const idleConnectionMs = 5_000;
/** How often all these are looked after. */
const checkMs = 1_000;
const pollMs = 10;
/** So that no page of a browser gets at what is here, should it be asked for through a proxy. */
const safety = {
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** Serves over HTTP what a bus should not carry: events, figures and consoles. Changes nothing. */
export class HttpServer {
  readonly #services: HttpServices;
  readonly #events: Events;
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  readonly #connections = new Connections();
  #streams = 0;
  #onRequest: () => void = () => undefined;
  #listening: Listening | undefined;

  constructor(services: HttpServices) {
    this.#services = services;
    this.#events = new Events({ vms: services.vms, jobs: services.jobs, stale: services.stale });
    const limits = { maxHeaderSize: 8192, requestTimeout: requestMs, headersTimeout: headersMs };
    const timing = { keepAliveTimeout: idleConnectionMs, connectionsCheckingInterval: checkMs };
    this.#server = createServer({ ...limits, ...timing }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.maxHeadersCount = headersRead;
    this.#server.on('connection', (socket) => this.#connections.add(socket));
    this.#server.on('error', (error) => services.log.error({ err: error }, 'HTTP failed'));
  }

  /** Is true if somebody reads a stream, or an answer that is long. */
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
      this.#services.log.error({ err: error }, `the HTTP socket cannot be published: ${getMessage(error)}`);
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
    const { socket } = request;
    if (!this.#connections.begin(socket)) return;
    this.#onRequest();
    this.#open.add(response);
    const deadline = setTimeout(() => response.destroy(), answerMs).unref();
    response.on('close', () => {
      clearTimeout(deadline);
      this.#open.delete(response);
      this.#connections.end(socket);
    });
    for (const [name, value] of Object.entries(safety)) response.setHeader(name, value);
    // A client may go at any time.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    const onStream = () => clearTimeout(deadline);
    this.#route(request, response, onStream).catch((error: unknown) => this.#refuse(response, error));
  }

  /** @param onStream is called where the answer may take as long as it is read */
  async #route(request: IncomingMessage, response: ServerResponse, onStream: () => void): Promise<void> {
    const url = checkRequest(request);
    const [, ref] = /^\/vms\/([^/]+)\/console$/.exec(url.pathname) ?? [];
    const { vms, samples } = this.#services;
    if (ref === undefined && url.pathname !== '/events' && url.pathname !== '/metrics') {
      throw new Refusal(404, 'there are /events, /metrics and /vms/REF/console');
    }
    if (request.method !== 'GET') throw new Refusal(405, 'here is only GET');
    if (ref !== undefined) {
      const { id } = vms.get(decoded(ref));
      this.#beginStream(response, onStream);
      const isLive = () => vms.has(id) && !['stopped', 'failed'].includes(getVmState(vms.get(id)));
      await sendConsole(response, { file: vms.getVmFiles(id).console, isLive }, wantsToFollow(url));
    } else if (url.pathname === '/events') {
      this.#beginStream(response, onStream);
      streamEvents(response, (listener) => this.#events.listen(listener));
    } else {
      response.writeHead(200, { 'Content-Type': contentType });
      response.end(vmMetrics(vms.list(), samples));
    }
  }

  /** @throws Refusal if there are too many */
  #beginStream(response: ServerResponse, onStream: () => void): void {
    if (this.#streams >= maxStreams) throw new Refusal(503, `${maxStreams} streams are open; close some`);
    this.#streams++;
    response.on('close', () => this.#streams--);
    onStream();
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
      `${status === 500 ? `internal error; ${this.#services.logPlace} has it` : getMessage(error)}\n`,
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
