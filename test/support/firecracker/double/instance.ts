import { Balloon } from './balloon.ts';
import { type Configuration, emptyConfiguration } from './configuration.ts';
import { afterStart, beforeStart, Fault } from './fault.ts';
import { assertKernel } from './kernel.ts';
import { Qemu } from './qemu.ts';

export interface InstanceOptions {
  id: string;
  version: string;
  log(text: string): void;
}

/** One microVM, from its configuration to its end. */
export class Instance {
  readonly #options: InstanceOptions;
  readonly #configuration: Configuration = emptyConfiguration();
  #state: 'Not started' | 'Running' | 'Paused' = 'Not started';
  #qemu: Qemu | undefined;

  constructor(options: InstanceOptions) {
    this.#options = options;
  }

  get info() {
    const { id, version } = this.#options;
    return { app_name: 'Firecracker', id, state: this.#state, vmm_version: version };
  }

  get hasStarted(): boolean {
    return this.#state !== 'Not started';
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  /** @throws Fault where there is no machine yet */
  get qemu(): Qemu {
    if (!this.#qemu) throw new Fault(beforeStart);
    return this.#qemu;
  }

  async start(): Promise<void> {
    if (this.#state !== 'Not started') throw new Fault(afterStart);
    const { boot } = this.#configuration;
    if (!boot) throw new Fault('Cannot start microvm without kernel configuration.');
    // There is no way back from a QEMU that does not start: what can be wrong is found out before.
    assertKernel(boot.kernel_image_path);
    const qemu = await Qemu.start(this.#configuration);
    this.#qemu = qemu;
    this.#state = 'Running';
    qemu.on('event', (name, data) => {
      // Firecracker ends when the guest restarts; one that powers off goes on standing still.
      if (name === 'SHUTDOWN' && data.reason === 'guest-reset') {
        this.#options.log('Firecracker exiting successfully. exit_code=0');
        qemu.quit();
      } else if (name === 'SHUTDOWN' && data.reason === 'guest-shutdown')
        this.#options.log('the guest has powered off, and its vCPUs stand still');
    });
    const { balloon } = this.#configuration;
    if (balloon) await new Balloon(this).begin(balloon);
  }

  async pause(state: unknown): Promise<void> {
    await this.qemu.execute(state === 'Paused' ? 'stop' : 'cont');
    this.#state = state === 'Paused' ? 'Paused' : 'Running';
  }

  /** Waits while the process stands still: all of Firecracker does then. */
  async turn(): Promise<void> {
    await this.#qemu?.execute('query-status');
  }
}
