import { userInfo } from 'node:os';
import { messageOf } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import type { Resolver } from '../network/dns/resolver.ts';
import { DnsServer } from '../network/dns/server.ts';
import { namesOf } from '../vm/names.ts';
import type { VmRegistry } from '../vm/registry.ts';

/** Serves the names of VMs, and has this host's programs find them while there is one that runs. */
export class NameService {
  readonly #server: DnsServer | undefined;
  readonly #resolver: Resolver;

  private constructor(server: DnsServer | undefined, resolver: Resolver) {
    this.#server = server;
    this.#resolver = resolver;
  }

  /** Begins to answer. A host where no port is to be had still has VMs: then the log says why. */
  static async begin(vms: VmRegistry, resolver: Resolver, log: Log): Promise<NameService> {
    try {
      const server = await DnsServer.listen(namesOf(vms, userInfo().username), log);
      return new NameService(server, resolver);
    } catch (error) {
      log.warn({ err: error }, messageOf(error));
      return new NameService(undefined, resolver);
    }
  }

  /** Where it answers, such as `127.0.0.1:42069`; empty where it does not. */
  get address(): string {
    return this.#server ? `${this.#server.address}:${this.#server.port}` : '';
  }

  /** Has the resolver ask from the moment that a VM's machine runs: its guest boots meanwhile. */
  follow(vms: VmRegistry): void {
    const server = this.#server;
    if (!server) return;
    const route = () => void this.#resolver.route(server);
    if (vms.list().some(({ supervised }) => supervised !== null)) route();
    vms.on('changed', ({ supervised }, keys) => {
      if (supervised !== null && keys.includes('supervised')) route();
    });
  }

  /** Ends it, the asking first: nobody is to be asked on a port that others can take. */
  async end(): Promise<void> {
    await this.#resolver.withdraw();
    await this.#server?.close();
  }
}
