import { Bus } from '../bus/connection.ts';
import { RemoteError } from '../bus/errors.ts';
import { type Proxy as ProxyOf, proxy } from '../bus/proxy.ts';
import { fromRow } from '../bus/rows.ts';
import { BangerError } from '../common/errors.ts';
import { Turns } from '../common/turns.ts';
import { netdMissing } from '../network/choose.ts';
import type { Drops, GrantedBridge, GrantedTap, Grants, TapRequest } from '../network/grants.ts';

const netdName = 'org.banger.Network1';
const netdPath = '/org/banger/Network1';
const connectTimeoutMs = 5_000;
/** It may have to be started, and others may be served before. */
const callTimeoutMs = 30_000;

type Netd = ProxyOf<typeof netdName>;

/** Bridged networks as banger-netd grants them on the system bus. */
export class NetdGrants implements Grants {
  readonly isUnasked = true;
  readonly #address: string;
  #bus: Promise<Bus> | undefined;
  /** netd does one thing after the other anyway, and refuses who asks for too many at once. */
  readonly #turns = new Turns();

  /** @param address of the system bus */
  constructor(address: string) {
    this.#address = address;
  }

  async ensureBridge(network?: string): Promise<GrantedBridge> {
    const { name, address, prefix, dns } = await this.#ask((netd) =>
      netd.call('EnsureBridge', network === undefined ? {} : { network }),
    );
    const servers = Array.isArray(dns) ? dns.map(String) : [];
    return { name: String(name), address: String(address), prefix: Number(prefix), dns: servers };
  }

  createTap(request: TapRequest): Promise<string> {
    return this.#ask((netd) => netd.call('CreateTap', { ...request }));
  }

  async setTap(name: string, request: TapRequest): Promise<void> {
    await this.#ask((netd) => netd.call('SetTap', name, { ...request }));
  }

  async deleteTap(name: string): Promise<void> {
    await this.#ask((netd) => netd.call('DeleteTap', name, {}));
  }

  async listTaps(): Promise<GrantedTap[]> {
    const taps = await this.#ask((netd) => netd.call('ListTaps', {}));
    return taps.map((tap) => fromRow(netdName, 'ListTaps', tap));
  }

  async findDrops(): Promise<Drops> {
    const [bridge, drops] = await this.#ask((netd) => netd.call('FindDrops', {}));
    return { bridge, drops: drops.map((drop) => fromRow(netdName, 'FindDrops', drop)) };
  }

  #ask<T>(question: (netd: Netd) => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#askNow(question));
  }

  async #askNow<T>(question: (netd: Netd) => Promise<T>): Promise<T> {
    try {
      const bus = await this.#connection();
      return await question(
        proxy(bus, netdPath, netdName, { destination: netdName, timeoutMs: callTimeoutMs }),
      );
    } catch (error) {
      throw explained(error);
    }
  }

  /** One connection for all calls: netd takes its end for that of this daemon. */
  #connection(): Promise<Bus> {
    if (this.#bus) return this.#bus;
    const connecting = Bus.connect(this.#address, connectTimeoutMs);
    this.#bus = connecting;
    const forget = () => {
      if (this.#bus === connecting) this.#bus = undefined;
    };
    connecting.then((bus) => bus.closed.then(forget), forget);
    return connecting;
  }
}

/** What a user is told where netd is not there, or does not come up. */
function explained(error: unknown): unknown {
  if (!(error instanceof BangerError) || error.code !== 'DaemonUnreachable') return error;
  const isInstalled = error instanceof RemoteError && !error.dbusName.endsWith('.ServiceUnknown');
  return isInstalled
    ? new BangerError('HostNotReady', 'banger-netd does not start', {
        remedy: '`journalctl -u banger-netd` says why',
        cause: error,
      })
    : new BangerError('HostNotReady', netdMissing.problem, { ...netdMissing, cause: error });
}
