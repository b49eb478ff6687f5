import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { closeSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Configuration } from './configuration.ts';
import { qemuArguments } from './qemu-arguments.ts';

const helpers = join(import.meta.dirname, '../../../../build/host');
/** What our parent, process/main.c, has made for us. */
const [orderFd, monitorFd] = [3, 4];

/** The QEMU that our parent becomes, by its monitor. Emits `event` with the name and the data of what this tells. */
export class Qemu extends EventEmitter<{ event: [name: string, data: Record<string, unknown>] }> {
  readonly #monitor = new Socket({ fd: monitorFd });
  readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];

  private constructor() {
    super();
    this.#monitor.on('error', () => undefined);
    const lines = createInterface({ input: this.#monitor });
    lines.on('line', (line) => this.#hear(JSON.parse(line)));
    // It breaks off when QEMU ends, and so do we.
    lines.on('error', () => undefined);
  }

  /** Starts the machine, which runs when this returns. */
  static async start(configuration: Configuration): Promise<Qemu> {
    const [khz = ''] = execFileSync(join(helpers, 'tsc-khz'), { encoding: 'utf8' }).split(' ');
    const words = ['qemu-system-x86_64', ...qemuArguments(configuration, Number(khz))];
    // Our parent takes it as a whole when we close it.
    writeFileSync(orderFd, words.map((word) => `${word}\0`).join(''));
    closeSync(orderFd);
    const qemu = new Qemu();
    await qemu.execute('qmp_capabilities');
    return qemu;
  }

  /** Has the monitor do something. Waits as long as QEMU stands still. @throws Error with what it says against it */
  async execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    const answer = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#monitor.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return await answer;
  }

  /** Ends the machine at once, and us with it; what the guest has written is in its files then. */
  quit(): void {
    this.#monitor.write(`${JSON.stringify({ execute: 'quit' })}\n`);
  }

  #hear(message: Record<string, unknown>): void {
    if (typeof message.event === 'string') {
      this.emit('event', message.event, { ...(message.data as object) });
    } else if ('return' in message) {
      this.#waiting.shift()?.resolve(message.return);
    } else if ('error' in message) {
      this.#waiting.shift()?.reject(new Error((message.error as { desc: string }).desc));
    }
  }
}
