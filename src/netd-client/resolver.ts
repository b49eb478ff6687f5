import { Bus } from '../bus/connection.ts';
import { RemoteError } from '../bus/errors.ts';
import { BangerError, formatSentence, getOwnRemedy, getProblem } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { DnsAddress, Resolver, ResolverState } from '../network/dns/resolver.ts';

const netdName = 'org.banger.Network1';
const netd = { destination: netdName, path: '/org/banger/Network1', interface: netdName };
const resolvedName = 'org.freedesktop.resolve1';

const connectTimeoutMs = 5_000;
/** It may have to be started, and to ask polkit. */
const routeTimeoutMs = 25_000;
/** The end of the daemon waits for it; netd withdraws by itself what we had once we are off the bus. */
const withdrawTimeoutMs = 3_000;
/** After the end of netd or of the system bus; twice as long each time, and not for ever. */
const firstRetryMs = 1_000;
const maxRetries = 5;

/**
 * Has banger-netd route names to this user's server, and again when netd or resolved has been started anew. Who is
 * refused asks again only when told to.
 */
export class NetdResolver implements Resolver {
  state: ResolverState = { kind: 'idle' };
  readonly #address: string;
  readonly #log: Log;
  #bus: Bus | undefined;
  #wanted: DnsAddress | undefined;
  /** The owners of both names when we were last routed; it is to be done again when others have them. */
  #servedBy = '';
  readonly #owners = new Map([
    [netdName, ''],
    [resolvedName, ''],
  ]);
  #work: Promise<void> = Promise.resolve();
  #isWorking = false;
  #retries = 0;
  #isRefused = false;
  #retry: NodeJS.Timeout | undefined;

  /** @param address of the system bus */
  constructor(address: string, log: Log) {
    this.#address = address;
    this.#log = log;
  }

  async route(server: DnsAddress): Promise<void> {
    this.#wanted = server;
    this.#retries = 0;
    this.#isRefused = false;
    if (this.state.kind !== 'routed') await this.#apply();
  }

  async withdraw(): Promise<void> {
    this.#wanted = undefined;
    clearTimeout(this.#retry);
    // What was asked for is not known to have been in vain before it is answered, and it may take long.
    const call = { ...netd, member: 'RemoveResolver', signature: 'a{sv}', body: [{}], noAutoStart: true };
    await this.#bus?.call({ ...call, timeoutMs: withdrawTimeoutMs }).catch((error: unknown) => {
      if (this.state.kind === 'routed') this.#log.warn({ err: error }, 'names of VMs were not withdrawn');
    });
    // netd withdraws what a caller that has left the bus had.
    this.#bus?.close();
    this.state = { kind: 'idle' };
  }

  /** Routes after what is under way; does nothing if it is not wanted any more. */
  #apply(): Promise<void> {
    clearTimeout(this.#retry);
    this.#work = this.#work.then(async () => {
      if (!this.#wanted) return;
      this.#isWorking = true;
      const state = await this.#tryToRoute(this.#wanted).catch((error: unknown) => this.#failed(error));
      this.#isWorking = false;
      if (this.#wanted) this.#tell(state);
    });
    return this.#work;
  }

  async #tryToRoute({ address, port }: DnsAddress): Promise<ResolverState> {
    this.#bus ??= await this.#connect();
    if (!this.#wanted) {
      this.#bus.close();
      return { kind: 'idle' };
    }
    const call = { ...netd, member: 'SetResolver', signature: 'sqa{sv}', body: [address, port, {}] };
    const [domains] = await this.#bus.call({ ...call, timeoutMs: routeTimeoutMs });
    this.#servedBy = this.#ownersNow();
    this.#retries = 0;
    return { kind: 'routed', domains: Array.isArray(domains) ? domains.map(String) : [] };
  }

  async #connect(): Promise<Bus> {
    const bus = await Bus.connect(this.#address, connectTimeoutMs);
    void bus.closed.then(() => {
      if (this.#bus === bus) this.#bus = undefined;
      this.#lost();
    });
    for (const name of this.#owners.keys()) {
      await bus.watchOwner(name, (owner) => {
        this.#owners.set(name, owner);
        // A call that is under way has it started, and tells more.
        if (!this.#isWorking && this.#ownersNow() !== this.#servedBy) this.#changed(name, owner);
      });
    }
    return bus;
  }

  #ownersNow(): string {
    return [...this.#owners.values()].join(' ');
  }

  #changed(name: string, owner: string): void {
    // Who was refused is refused again, and would have netd started for it over and over.
    if (this.#isRefused) return;
    if (owner !== '') void this.#apply();
    else if (name === netdName) this.#lost();
  }

  /** netd or the bus has gone, with what it did for us. */
  #lost(): void {
    if (!this.#wanted || this.#retries >= maxRetries) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#apply(), firstRetryMs * 2 ** this.#retries++);
  }

  #failed(error: unknown): ResolverState {
    this.#servedBy = '';
    const code = error instanceof BangerError ? error.code : 'Internal';
    // Not installed, or there is no system bus: neither is a fault.
    if (code === 'DaemonUnreachable' && !isEnded(error)) return { kind: 'absent' };
    this.#isRefused = code === 'AccessDenied';
    if (code === 'DaemonUnreachable' || code === 'Timeout') this.#lost();
    return { kind: 'failed', code, problem: getProblem(error), remedy: getOwnRemedy(error) };
  }

  #tell(state: ResolverState): void {
    if (JSON.stringify(state) === JSON.stringify(this.state)) return;
    this.state = state;
    if (state.kind === 'routed')
      this.#log.info({ domains: state.domains }, 'the resolver asks for names of VMs');
    else if (state.kind === 'absent')
      this.#log.info({}, 'banger-netd is not there; names of VMs are not routed');
    else if (state.kind === 'failed')
      this.#log.warn({ code: state.code }, `names of VMs are not routed: ${formatSentence(state)}`);
  }
}

/** Checks whether netd was there and went, or did not start, rather than not being installed. */
function isEnded(error: unknown): boolean {
  return error instanceof RemoteError && !error.dbusName.endsWith('.ServiceUnknown');
}
