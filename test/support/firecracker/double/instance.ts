import { Balloon } from './balloon.ts';
import { type Configuration, emptyConfiguration } from './configuration.ts';
import { afterStart, beforeStart, Fault } from './fault.ts';
import { Qemu } from './qemu.ts';

export interface InstanceOptions {
  id: string;
  version: string;
  log(text: string): void;
  /** Ends the program. */
  end(status: number): void;
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
    if (!this.#configuration.boot) throw new Fault('Cannot start microvm without kernel configuration.');
    const qemu = await Qemu.start(this.#configuration).catch((error: Error) => {
      throw new Fault(`Cannot start the microVM: ${error.message}`);
    });
    this.#qemu = qemu;
    this.#state = 'Running';
    qemu.on('event', (name, data) => {
      // Firecracker ends when the guest restarts; one that powers off goes on standing still.
      if (name === 'SHUTDOWN' && data.reason === 'guest-reset') void this.#over();
      else if (name === 'SHUTDOWN' && data.reason === 'guest-shutdown')
        this.#options.log('the guest has powered off, and its vCPUs stand still');
    });
    qemu.on('end', (signal) => {
      // What ends the one ends the other.
      if (signal) process.kill(process.pid, signal);
      this.#options.end(this.#state === 'Not started' ? 0 : 1);
    });
    const { balloon } = this.#configuration;
    if (balloon) await new Balloon(this).begin(balloon);
  }

  async pause(state: unknown): Promise<void> {
    await this.qemu.execute(state === 'Paused' ? 'stop' : 'cont');
    this.#state = state === 'Paused' ? 'Paused' : 'Running';
  }

  async #over(): Promise<void> {
    this.#state = 'Not started';
    await this.qemu.quit();
  }
}
