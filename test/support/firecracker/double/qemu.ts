import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { Configuration } from './configuration.ts';
import { monitorFd, qemuArguments } from './qemu-arguments.ts';

const helpers = join(import.meta.dirname, '../../../../build/host');

/** A QEMU with its monitor. Emits `event` with the name and the data of what the monitor tells, and `end`. */
export class Qemu extends EventEmitter<{
  event: [name: string, data: Record<string, unknown>];
  end: [signal: NodeJS.Signals | null];
}> {
  readonly #child: ChildProcess;
  readonly #monitor: Duplex;
  readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  #said = '';
  #ended = false;

  private constructor(args: readonly string[]) {
    super();
    // It goes with the double, whatever ends that.
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
      stdio: ['ignore', 'inherit', 'pipe', 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-2_000);
    });
    // Node makes a pair of sockets for what it calls a pipe.
    this.#monitor = this.#child.stdio[monitorFd] as Duplex;
    this.#monitor.on('error', () => undefined);
    const lines = createInterface({ input: this.#monitor });
    lines.on('line', (line) => this.#hear(JSON.parse(line)));
    // It breaks off when QEMU ends, which is told by itself.
    lines.on('error', () => undefined);
    // Its ends of the pipes may take until the double reads them; its last words are all that is waited for.
    const said = new Promise((resolve) => this.#child.stderr?.once('close', resolve));
    this.#child.on('exit', async (_, signal) => {
      await said;
      this.#ended = true;
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(this.lastWords()));
      this.emit('end', signal);
    });
  }

  /** Starts the machine, which runs when this returns. @throws Error with QEMU's last words */
  static async start(configuration: Configuration): Promise<Qemu> {
    const [khz = ''] = execFileSync(join(helpers, 'tsc-khz'), { encoding: 'utf8' }).split(' ');
    const qemu = new Qemu(qemuArguments(configuration, Number(khz)));
    await qemu.execute('qmp_capabilities');
    return qemu;
  }

  /** Has the monitor do something. @throws Error with what it says against it, or with QEMU's last words */
  async execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    if (this.#ended) throw new Error(this.lastWords());
    const answer = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#monitor.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return await answer;
  }

  /** Ends the machine at once; what the guest has written is in its files then. */
  async quit(): Promise<void> {
    await this.execute('quit').catch(() => undefined);
    if (!this.#ended) await once(this, 'end');
  }

  lastWords(): string {
    return this.#said.trim().split('\n').at(-1) || 'QEMU ended and said nothing';
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
