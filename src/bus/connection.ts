import type { Socket } from 'node:net';
import { BangerError, getMessage, getOwnRemedy, getProblem } from '../common/errors.ts';
import { RemoteError } from './errors.ts';
import { openBus } from './handshake.ts';
import { type Match, type Signal, Signals } from './signals.ts';
import type { Plain } from './values.ts';
import { Decoder, encode, type Message, type MessageHeader, messageFlag, messageType } from './wire.ts';

/** A method call to another program on the bus. */
export interface Call {
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature?: string;
  body?: readonly unknown[];
  /** Milliseconds until the answer must be there; 25 s where absent. */
  timeoutMs?: number | undefined;
  /** Fails instead of having the bus start the destination. */
  noAutoStart?: boolean | undefined;
}

interface Pending {
  resolve(body: Plain[]): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

const defaultTimeoutMs = 25_000;
/** What every connection begins with. */
const helloSerial = 1;
const bus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

/** One connection to a message bus. Every call settles: by its answer, its deadline or the end of the bus. */
export class Bus {
  readonly address: string;
  /** Resolves with the reason when the bus goes away or `close` was called. */
  readonly closed: Promise<string>;
  readonly #socket: Socket;
  readonly #decoder = new Decoder();
  readonly #pending = new Map<number, Pending>();
  readonly #signals = new Signals((member, signature, body) =>
    this.call({ ...bus, member, signature, body }),
  );
  #uniqueName = '';
  #serial = helloSerial;
  #end: BangerError | undefined;
  #serve: ((call: Message) => void) | undefined;
  #onClosed: (why: string) => void = () => undefined;

  private constructor(address: string, socket: Socket) {
    this.address = address;
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#finish(`the bus at ${address} failed: ${error.message}`));
    socket.on('close', () => this.#finish(`the bus at ${address} closed the connection`));
  }

  /**
   * @param timeoutMs until the bus must have said hello
   * @throws DaemonUnreachable if no bus answers at this address
   */
  static async connect(address: string, timeoutMs: number): Promise<Bus> {
    const deadline = performance.now() + timeoutMs;
    const hello = { ...bus, type: messageType.call, member: 'Hello' };
    const { socket, rest } = await openBus(address, timeoutMs, encode(hello, helloSerial, []));
    const connection = new Bus(address, socket);
    const greeted = connection.#answerTo(helloSerial, 'Hello', Math.max(1, deadline - performance.now()));
    if (rest.length > 0) connection.#receive(rest);
    socket.resume();
    try {
      const [name] = await greeted;
      connection.#uniqueName = String(name);
    } catch (error) {
      connection.close();
      throw new BangerError('DaemonUnreachable', `no D-Bus answers at ${address}: ${getProblem(error)}`, {
        remedy: getOwnRemedy(error),
        cause: error,
      });
    }
    return connection;
  }

  /** Our own name, such as `:1.42`. */
  get uniqueName(): string {
    return this.#uniqueName;
  }

  /**
   * Calls a method and gives the values it returns.
   * @throws Timeout, DaemonUnreachable if the bus ends, InvalidArgs for values that do not fit the
   *   signature, and what the other side answers, as a `RemoteError`
   */
  async call(call: Call): Promise<Plain[]> {
    const { destination, path, interface: name, member, signature = '', body = [] } = call;
    if (this.#end) throw this.#end;
    const flags = call.noAutoStart ? messageFlag.noAutoStart : 0;
    const serial = this.send(
      { type: messageType.call, flags, destination, path, interface: name, member, signature },
      body,
    );
    return await this.#answerTo(serial, `${name}.${member}`, call.timeoutMs ?? defaultTimeoutMs);
  }

  /**
   * Hears signals from the moment the promise resolves, until the function it gives is called.
   * The sender may be a well-known name: its owner is followed.
   */
  onSignal(match: Match, handler: (signal: Signal) => void): Promise<() => Promise<void>> {
    return this.#signals.subscribe(match, handler);
  }

  /**
   * Calls back when a name is without an owner: at once if it is now. The end of the bus itself is told
   * by `closed` alone.
   */
  watchName(name: string, onVanish: () => void): Promise<() => Promise<void>> {
    return this.#signals.onOwner(name, (owner) => {
      if (owner === '') onVanish();
    });
  }

  /** Tells the owner of a name, now and whenever it changes; empty if there is none. */
  watchOwner(name: string, onOwner: (owner: string) => void): Promise<() => Promise<void>> {
    return this.#signals.onOwner(name, onOwner);
  }

  /** Takes a name without queueing for it; false if another connection has it. */
  async requestName(name: string): Promise<boolean> {
    const doNotQueue = 4;
    const primaryOwner = 1;
    const alreadyOwner = 4;
    const [reply] = await this.callBus('RequestName', 'su', [name, doNotQueue]);
    return reply === primaryOwner || reply === alreadyOwner;
  }

  async releaseName(name: string): Promise<void> {
    await this.callBus('ReleaseName', 's', [name]);
  }

  /** Resolves when everything sent so far has been through the bus. */
  async roundTrip(): Promise<void> {
    await this.callBus('GetId');
  }

  /** Calls a method of the bus itself. */
  callBus(
    member: string,
    signature = '',
    body: readonly unknown[] = [],
    timeoutMs?: number,
  ): Promise<Plain[]> {
    return this.call({ ...bus, member, signature, body, timeoutMs });
  }

  /** Sends what was sent so far and hangs up; calls still pending fail. */
  close(): void {
    this.#finish('the connection to the bus was closed');
  }

  /** For what serves objects: where calls to us go. */
  serve(handler: (call: Message) => void): void {
    this.#serve = handler;
  }

  /**
   * Sends a message and gives its serial; does nothing on a connection that has ended.
   * @throws InvalidArgs if the values do not fit the signature
   */
  send(header: MessageHeader, body: readonly unknown[]): number {
    this.#serial = (this.#serial % 0xffff_ffff) + 1;
    let data: Buffer;
    try {
      data = encode(header, this.#serial, body);
    } catch (error) {
      const what = header.member ?? header.errorName ?? 'a reply';
      throw new BangerError('InvalidArgs', `${what}: ${getMessage(error)}`, { cause: error });
    }
    if (!this.#end) this.#socket.write(data);
    return this.#serial;
  }

  /** The values of the answer to a message that was sent. */
  #answerTo(serial: number, what: string, timeoutMs: number): Promise<Plain[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(serial);
        reject(new BangerError('Timeout', `${what} was not answered within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.#pending.set(serial, { resolve, reject, timer });
    });
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#decoder.push(chunk)) this.#dispatch(message);
    } catch (error) {
      this.#finish(`the bus at ${this.address} sent what cannot be read: ${getMessage(error)}`);
    }
  }

  #dispatch(message: Message): void {
    if (message.type === messageType.signal) this.#signals.dispatch(message);
    else if (message.type === messageType.call) this.#serve?.(message);
    else this.#settle(message);
  }

  #settle(message: Message): void {
    const serial = message.replySerial ?? 0;
    const pending = this.#pending.get(serial);
    if (!pending) return;
    this.#pending.delete(serial);
    clearTimeout(pending.timer);
    try {
      const body = message.body();
      if (message.type === messageType.reply) pending.resolve(body);
      else
        pending.reject(new RemoteError(message.errorName ?? '', typeof body[0] === 'string' ? body[0] : ''));
    } catch (error) {
      pending.reject(
        new BangerError('Internal', `an answer cannot be read: ${getMessage(error)}`, { cause: error }),
      );
    }
  }

  #finish(why: string): void {
    if (this.#end) return;
    this.#end = new BangerError('DaemonUnreachable', why);
    this.#socket.destroySoon();
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(this.#end);
    }
    this.#pending.clear();
    this.#onClosed(why);
  }
}
