import { connectToManager } from '../bus/activation.ts';
import type { Bus } from '../bus/connection.ts';
import { managerPath } from '../bus/interfaces.ts';
import { proxy } from '../bus/proxy.ts';
import { userPaths } from '../common/paths.ts';
import { bangerdLauncher } from './installation.ts';

/** The daemon as the commands use it. */
export class Client implements Disposable {
  readonly bus: Bus;
  readonly manager;

  private constructor(bus: Bus) {
    this.bus = bus;
    this.manager = proxy(bus, managerPath, 'org.banger.Manager1');
  }

  /**
   * Connects to the daemon of this user.
   * @param options.start starts a daemon if none runs (the default)
   * @throws DaemonUnreachable, Timeout, HostNotReady
   */
  static async connect({ start = true } = {}): Promise<Client> {
    return new Client(await connectToManager(userPaths(), process.env, bangerdLauncher(), { start }));
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
export type Vm = ReturnType<Client['vm']>;
