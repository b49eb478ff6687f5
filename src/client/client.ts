import { connectToManager } from '../bus/activation.ts';
import type { Bus } from '../bus/connection.ts';
import { managerPath } from '../bus/interfaces.ts';
import { proxy } from '../bus/proxy.ts';
import { userPaths } from '../common/paths.ts';
import type { HostFacts } from './host-facts.ts';
import { bangerdLauncher } from './installation.ts';
import { localHost } from './local-host.ts';

/** The daemon of a user, and its host. */
export class Client implements Disposable {
  readonly bus: Bus;
  readonly manager;
  readonly host: HostFacts;

  private constructor(bus: Bus, host: HostFacts) {
    this.bus = bus;
    this.host = host;
    this.manager = proxy(bus, managerPath, 'org.banger.Manager1');
  }

  /**
   * Connects to the daemon of this user.
   * @param options.start starts a daemon if none runs (the default)
   * @throws DaemonUnreachable, Timeout, HostNotReady
   */
  static async connect({ start = true } = {}): Promise<Client> {
    return new Client(
      await connectToManager(userPaths(), process.env, bangerdLauncher(), { start }),
      localHost,
    );
  }

  /** The manager with another deadline for its calls, or which is not started for them. */
  managerWith(options: { timeoutMs: number; noAutoStart?: boolean }) {
    return proxy(this.bus, managerPath, 'org.banger.Manager1', options);
  }

  vm(path: string) {
    return proxy(this.bus, path, 'org.banger.VM1');
  }

  image(path: string) {
    return proxy(this.bus, path, 'org.banger.Image1');
  }

  kernel(path: string) {
    return proxy(this.bus, path, 'org.banger.Kernel1');
  }

  job(path: string) {
    return proxy(this.bus, path, 'org.banger.Job1');
  }

  /** A VM by its name, its id or a prefix of its id. @throws NoSuchVM */
  async findVm(ref: string) {
    return this.vm(await this.manager.call('GetVM', ref));
  }

  [Symbol.dispose](): void {
    this.bus.close();
  }
}

/** A VM on the bus. */
export type VmProxy = ReturnType<Client['vm']>;
/** What a VM tells of itself. */
export type VmProperties = Awaited<ReturnType<VmProxy['getAll']>>;
