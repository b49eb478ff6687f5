import type { Duplex } from 'node:stream';
import type { Qemu } from './qemu.ts';

/** The most that one message of the agent's protocol may hold; docs/agent.md. */
const maxMessage = 1024 * 1024;
const controlTargets = ['/clock', '/shutdown'];

/**
 * The guest agent's two ports as one service that takes any number of connections, as it is over vsock: every request
 * goes to the port that answers it, every reply to the connection that asked, by its id.
 */
export class AgentPorts {
  readonly #qemu: Qemu;
  readonly #askers = new Map<string, Duplex>();
  readonly #open = new Set<string>();

  constructor(qemu: Qemu) {
    this.#qemu = qemu;
    qemu.on('event', (name, { id, open }) => {
      if (name !== 'VSERPORT_CHANGE' || typeof id !== 'string') return;
      if (open === true) this.#open.add(id);
      else this.#open.delete(id);
    });
    for (const port of [qemu.control, qemu.query]) {
      const messages = new Messages();
      port.on('data', (chunk: Buffer) => {
        for (const { id, text } of messages.add(chunk)) {
          const asker = this.#askers.get(id);
          this.#askers.delete(id);
          asker?.write(text);
        }
      });
    }
  }

  /** Whether the agent listens. */
  get listens(): boolean {
    return this.#open.has('control-port') && this.#open.has('query-port');
  }

  /** Serves a connection until it ends. */
  connect(connection: Duplex): void {
    const messages = new Messages();
    connection.on('data', (chunk: Buffer) => {
      for (const { id, text, target } of messages.add(chunk)) {
        this.#askers.set(id, connection);
        const isControl = controlTargets.some((name) => target.startsWith(name));
        (isControl ? this.#qemu.control : this.#qemu.query).write(text);
      }
    });
    connection.once('close', () => {
      for (const [id, asker] of this.#askers) if (asker === connection) this.#askers.delete(id);
    });
  }
}

/** Finds the messages in a stream of them: a head with an id and a length, and a body. */
class Messages {
  #read = Buffer.alloc(0);

  *add(chunk: Buffer): Generator<{ id: string; text: Buffer; target: string }> {
    this.#read = Buffer.concat([this.#read, chunk]);
    for (;;) {
      const end = this.#read.indexOf('\r\n\r\n');
      if (end < 0) break;
      const head = this.#read.subarray(0, end).toString('latin1');
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      const total = end + 4 + length;
      if (this.#read.length < total) break;
      const text = this.#read.subarray(0, total);
      this.#read = this.#read.subarray(total);
      const id = /^x-request-id: *(\S+)/im.exec(head)?.[1];
      if (id !== undefined) yield { id, text, target: head.split(' ')[1] ?? '' };
    }
    // What is no message does not become one.
    if (this.#read.length > maxMessage) this.#read = Buffer.alloc(0);
  }
}
