import type { Socket } from 'node:net';
import { cancelled, onAbort } from '../../common/abort.ts';
import { BangerError, getMessage } from '../../common/errors.ts';
import { chunkUnits, WorkBudget } from '../../common/work-budget.ts';
import { connected } from '../sockets.ts';

/** More than any answer to what we ask; a QEMU that was taken over might send without end. */
const maxLine = 1024 * 1024;

/** What a connection may cost; events come with answers, a few each second at most. */
const limits = { capacity: 8 * 1024 * 1024, perSecond: 1024 * 1024 } as const;

/** We ask one thing at a time: more than a greeting and an answer ahead of our questions is a flood. */
const maxAhead = 2;

/** An answer or an event of QEMU. */
type Message = Record<string, unknown>;

/**
 * A connection to a QEMU's monitor, see docs/interop/qmp-spec in QEMU: one JSON object in each line. It
 * serves one client at a time, so a connection is closed as soon as it has done its work.
 */
export class Qmp implements Disposable {
  readonly #socket: Socket;
  readonly #deadline: NodeJS.Timeout;
  readonly #budget = new WorkBudget(limits);
  #buffer = '';
  readonly #messages: Message[] = [];
  #waiting: { resolve: (message: Message) => void; reject: (error: Error) => void } | undefined;
  #failure: BangerError | undefined;

  private constructor(socket: Socket, deadlineMs: number) {
    this.#socket = socket;
    this.#deadline = setTimeout(
      () => this.#fail(new BangerError('Timeout', `QEMU did not answer within ${deadlineMs / 1000} s`)),
      deadlineMs,
    );
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', (error) => this.#fail(gone(getMessage(error))));
    socket.on('close', () => this.#fail(gone('it closed the connection')));
  }

  /**
   * Connects and makes the monitor take commands.
   * @param deadlineMs for all that will be done on this connection
   * @returns nothing if nobody listens on the socket
   * @throws Timeout, HostNotReady, Cancelled
   */
  static async connect(path: string, deadlineMs: number, signal?: AbortSignal): Promise<Qmp | undefined> {
    const socket = await connected(path);
    if (!socket) return undefined;
    const qmp = new Qmp(socket, deadlineMs);
    const cancellation = onAbort(signal, () => qmp.#fail(cancelled()));
    socket.once('close', () => cancellation[Symbol.dispose]());
    try {
      const greeting = await qmp.#next();
      if (!('QMP' in greeting)) throw gone('it is not a monitor');
      await qmp.execute('qmp_capabilities');
      return qmp;
    } catch (error) {
      qmp[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Carries out one command.
   * @throws CommandFailed with QEMU's words if it refuses, Timeout, HostNotReady if it goes away
   */
  async execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    for (;;) {
      const message = await this.#next();
      if ('return' in message) return message.return;
      if ('error' in message) {
        throw new BangerError('CommandFailed', `QEMU refused ${command}: ${descriptionOf(message.error)}`);
      }
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#deadline);
    this.#socket.destroy();
  }

  #next(): Promise<Message> {
    const message = this.#messages.shift();
    if (message) return Promise.resolve(message);
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #receive(text: string): void {
    if (!this.#budget.spend(text.length + chunkUnits)) {
      this.#fail(gone('it sends without end'));
      return;
    }
    // What has no line end is only kept: to look at all of it again for each chunk would take time without end.
    if (!text.includes('\n')) {
      this.#buffer += text;
      if (this.#buffer.length > maxLine) this.#fail(gone('its answer has no end'));
      return;
    }
    const lines = (this.#buffer + text).split('\n');
    this.#buffer = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() === '') continue;
      const message = parse(line);
      if (!message) {
        this.#fail(gone('it sent something that is not an answer'));
        return;
      }
      // Nobody waits for events.
      if (!('event' in message)) this.#deliver(message);
    }
    if (this.#buffer.length > maxLine) this.#fail(gone('its answer has no end'));
  }

  #deliver(message: Message): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) {
      waiting.resolve(message);
    } else if (this.#messages.push(message) > maxAhead) {
      this.#messages.length = 0;
      this.#fail(gone('it answers what it was not asked'));
    }
  }

  #fail(error: BangerError): void {
    clearTimeout(this.#deadline);
    this.#failure ??= error;
    this.#socket.destroy();
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}

function parse(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function descriptionOf(error: unknown): string {
  const described = typeof error === 'object' && error !== null && 'desc' in error ? error.desc : undefined;
  return typeof described === 'string' ? described.slice(0, 500) : 'without giving a reason';
}

function gone(why: string): BangerError {
  return new BangerError('HostNotReady', `QEMU's monitor is gone: ${why}`);
}
