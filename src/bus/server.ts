import { randomUUID } from 'node:crypto';
import { getMessage } from '../common/errors.ts';
import { printable } from '../common/text.ts';
import type { Bus } from './connection.ts';
import { contract } from './contract.ts';
import { nameOnBus, StandardError, toErrorReply } from './errors.ts';
import {
  type ArgsOf,
  type ChangingOf,
  type Description,
  type InterfaceName,
  type NameIn,
  rootPath,
  type SignalsOf,
} from './interfaces.ts';
import { type Implementation, Nodes, readProperties, type Served } from './nodes.ts';
import { checkOptions } from './options.ts';
import { standardInterfaces } from './standard.ts';
import { type Plain, parseTypes } from './values.ts';
import { type Message, messageFlag, messageType } from './wire.ts';

export type { Caller, Implementation } from './nodes.ts';

/** Told of every failure that the caller may not see: the request id that the caller was given, and the cause. */
export type LogFailure = (requestId: string, error: unknown) => void;

/** Nobody reads more of an error, in UTF-16 units. */
const maxMessageLength = 64 * 1024;

/** Something to answer a call with. */
interface Answer {
  signature: string;
  body: readonly unknown[];
}

/** The objects of bangerd on the bus, with the standard interfaces of each. */
export class ObjectTree {
  readonly #bus: Bus;
  readonly #logFailure: LogFailure;
  readonly #logPlace: string;
  readonly #nodes = new Nodes();
  readonly #listeners: (() => void)[] = [];
  readonly #answers = new Set<Promise<void>>();

  /**
   * Answers calls from now on; take the bus name once the objects are there.
   * @param logPlace where a person finds the log
   */
  constructor(bus: Bus, logFailure: LogFailure, logPlace = "the daemon's log") {
    this.#bus = bus;
    this.#logFailure = logFailure;
    this.#logPlace = logPlace;
    bus.serve((message) => {
      const answer = this.#answer(message).finally(() => this.#answers.delete(answer));
      this.#answers.add(answer);
    });
  }

  /** Is true if a call waits for its answer. */
  get isAnswering(): boolean {
    return this.#answers.size > 0;
  }

  /** Waits until every call that came in has its answer. */
  async settled(): Promise<void> {
    while (this.isAnswering) await Promise.allSettled(this.#answers);
  }

  /** Puts an interface on an object, made if absent. */
  add<I extends InterfaceName>(path: string, iface: I, object: Implementation<I>): void {
    // Which interface it is, is checked here; from here on the contract says so at run time.
    const served = object as unknown as Served;
    this.#nodes.add(path, iface, served);
    this.#signal(rootPath, 'org.freedesktop.DBus.ObjectManager', 'InterfacesAdded', 'oa{sa{sv}}', () => [
      path,
      { [iface]: readProperties(iface, served) },
    ]);
  }

  /** Takes an object away, if it is there. */
  remove(path: string): void {
    const interfaces = this.#nodes.remove(path);
    if (interfaces.length === 0) return;
    this.#signal(rootPath, 'org.freedesktop.DBus.ObjectManager', 'InterfacesRemoved', 'oas', () => [
      path,
      interfaces,
    ]);
  }

  /** Tells listeners the present values of properties that changed; nothing if the object is not there. */
  changed<I extends InterfaceName>(path: string, iface: I, properties: readonly ChangingOf<I>[]): void {
    const served = this.#nodes.interfacesOf(path).get(iface);
    if (!served || properties.length === 0) return;
    this.#signal(path, 'org.freedesktop.DBus.Properties', 'PropertiesChanged', 'sa{sv}as', () => [
      iface,
      readProperties(iface, served, properties),
      [],
    ]);
  }

  emit<I extends InterfaceName, S extends NameIn<SignalsOf<I>>>(
    path: string,
    iface: I,
    signal: S,
    ...args: ArgsOf<SignalsOf<I>[S]>
  ): void {
    const description: Description = contract[iface];
    this.#signal(path, iface, signal, description.signals[signal] ?? '', () => args);
  }

  /** Calls back at each method call that comes in. */
  onActivity(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #signal(
    path: string,
    iface: string,
    member: string,
    signature: string,
    body: () => readonly unknown[],
  ): void {
    try {
      this.#bus.send({ type: messageType.signal, path, interface: iface, member, signature }, body());
    } catch (error) {
      // A signal is news of what has happened already: a value that cannot be told must not undo it.
      this.#logFailure(randomUUID(), error);
    }
  }

  async #answer(call: Message): Promise<void> {
    for (const listener of this.#listeners) listener();
    let answer: Answer;
    try {
      answer = await this.#run(call);
    } catch (error) {
      this.#refuse(call, error, toErrorReply(error));
      return;
    }
    try {
      this.#reply(call, { type: messageType.reply, signature: answer.signature }, answer.body);
    } catch (error) {
      // What does not fit the contract here is our bug, not the caller's.
      this.#refuse(call, error);
    }
  }

  #refuse(call: Message, error: unknown, answer = this.#concealed(error)): void {
    this.#reply(call, { type: messageType.error, errorName: answer.name, signature: 's' }, [
      printable(answer.message, maxMessageLength),
    ]);
  }

  /** What a caller is told of a bug: where in the log it stands. */
  #concealed(error: unknown): { name: string; message: string } {
    const requestId = randomUUID();
    this.#logFailure(requestId, error);
    const message = `internal error (request ${requestId}); see ${this.#logPlace}`;
    return { name: nameOnBus('Internal'), message };
  }

  #reply(
    call: Message,
    header: { type: number; signature: string; errorName?: string },
    body: readonly unknown[],
  ): void {
    if ((call.flags & messageFlag.noReplyExpected) !== 0 || !call.sender) return;
    this.#bus.send({ ...header, replySerial: call.serial, destination: call.sender }, body);
  }

  async #run(call: Message): Promise<Answer> {
    const { path = '', member = '', sender = '' } = call;
    if (!this.#nodes.isNode(path)) throw new StandardError('UnknownObject', `there is no object ${path}`);
    const iface = call.interface ?? this.#interfaceWith(path, member);
    const standard = own(standardInterfaces, iface);
    if (standard) {
      const method = own(standard, member) ?? unknownMethod(iface, member);
      return { signature: method.out, body: method.run(this.#nodes, path, argumentsOf(call, method.in)) };
    }
    const served = [...this.#nodes.interfacesOf(path)].find(([name]) => name === iface);
    if (!served) throw new StandardError('UnknownInterface', `${path} has no interface ${iface}`);
    const description: Description = contract[served[0]];
    const method = own(description.methods, member) ?? unknownMethod(iface, member);
    const args = argumentsOf(call, method.in);
    if (method.options) checkOptions(method.options, args.at(-1) ?? {});
    const result = await served[1].methods[member]?.({ sender }, ...args);
    const results = parseTypes(method.out).length;
    return { signature: method.out, body: results > 1 ? (result as unknown[]) : [result].slice(0, results) };
  }

  /** The interface of a call that names none: the first that has the method. */
  #interfaceWith(path: string, member: string): string {
    const names = [...this.#nodes.interfacesOf(path).keys()].filter((name) =>
      own<unknown>(contract[name].methods, member),
    );
    const standard = Object.keys(standardInterfaces).filter((name) =>
      own(standardInterfaces[name] ?? {}, member),
    );
    return [...names, ...standard][0] ?? unknownMethod(path, member);
  }
}

/** @throws StandardError InvalidArgs */
function argumentsOf(call: Message, signature: string): Plain[] {
  if (call.signature !== signature) {
    throw new StandardError(
      'InvalidArgs',
      `${call.member} takes arguments of the type '${signature}', not '${call.signature}'`,
    );
  }
  try {
    return call.body();
  } catch (error) {
    throw new StandardError('InvalidArgs', `${call.member}: ${getMessage(error)}`);
  }
}

function unknownMethod(where: string, member: string): never {
  throw new StandardError('UnknownMethod', `${where} has no method ${member}`);
}

/** A caller's word looks up nothing that every object inherits, such as `constructor`. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
