import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import { findUser } from '../common/user.ts';
import { userLabel } from '../common/user-label.ts';
import type { NameFacts } from '../doctor/names.ts';
import { hasLocalResolver } from '../network/dns/local-resolver.ts';
import { ProbedNames } from '../network/dns/probe.ts';
import type { Resolver } from '../network/dns/resolver.ts';
import { DnsServer } from '../network/dns/server.ts';
import { makeNameTable } from '../vm/names.ts';
import type { VmRegistry } from '../vm/registry.ts';

/** A resolver that asks a server that does not answer gives up later than anybody waits here. */
const lookupTimeoutMs = 5_000;

/** Serves the names of VMs, and has this host's programs find them while there is one that runs. */
export class NameService {
  readonly #server: DnsServer | undefined;
  readonly #names: ProbedNames;
  readonly #resolver: Resolver;

  private constructor(server: DnsServer | undefined, names: ProbedNames, resolver: Resolver) {
    this.#server = server;
    this.#names = names;
    this.#resolver = resolver;
  }

  /** Begins to answer. A host where no port is to be had still has VMs: then the log says why. */
  static async begin(vms: VmRegistry, resolver: Resolver, log: Log): Promise<NameService> {
    const names = new ProbedNames(makeNameTable(vms, findUser().name));
    try {
      return new NameService(await DnsServer.listen(names, log), names, resolver);
    } catch (error) {
      log.warn({ err: error }, getMessage(error));
      return new NameService(undefined, names, resolver);
    }
  }

  /** Finds where it answers, such as `127.0.0.1:42069`; empty where it does not. */
  get address(): string {
    return this.#server ? `${this.#server.address}:${this.#server.port}` : '';
  }

  /** Has the resolver ask from the moment that a VM's machine runs: its guest boots meanwhile. */
  follow(vms: VmRegistry): void {
    const server = this.#server;
    if (!server) return;
    const route = () => void this.#resolver.route(server);
    if (vms.list().some(({ run }) => run?.program)) route();
    vms.on('changed', ({ run }, fields) => {
      if (run?.program && fields.includes('program')) route();
    });
  }

  /** Finds out whether programs of this host find the names, as if a VM ran. */
  async examine(lookup = lookUp): Promise<NameFacts> {
    const user = userLabel(findUser().name);
    if (this.#server) await this.#resolver.route(this.#server);
    const [everyones, own] = await Promise.all([
      this.#server !== undefined && this.#names.isAsked(undefined, lookup),
      this.#server !== undefined && user !== undefined && this.#names.isAsked(user, lookup),
    ]);
    return { address: this.address, user, state: this.#resolver.state, isFound: { everyones, own } };
  }

  /** Ends it, the asking first: nobody is to be asked on a port that others can take. */
  async end(): Promise<void> {
    await this.#resolver.withdraw();
    await this.#server?.close();
  }
}

/** The address of a name as every program finds it, by the system's own means; nothing if there is none in time. */
async function lookUp(name: string): Promise<string | undefined> {
  if (!hasLocalResolver()) return undefined;
  const found = lookup(name, { family: 4 }).then(
    ({ address }) => address,
    () => undefined,
  );
  const over = new AbortController();
  const late = sleep(lookupTimeoutMs, undefined, { signal: over.signal }).catch(() => undefined);
  return await Promise.race([found, late]).finally(() => over.abort());
}
