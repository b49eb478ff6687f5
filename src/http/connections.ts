import type { Socket } from 'node:net';

/** More are not kept beside those with a request under way. */
const most = 128;
/** More are not kept in any case; the process may have a thousand descriptors and needs some itself. */
const maxEver = 512;
/** A client that has connected sends its request by then, unless it means to wait. */
const settleMs = 50;
/** Nobody sends several requests without waiting for answers. */
const maxRequests = 4;

/**
 * The connections to a server, so many at most: where there are more, those without a whole request are closed, the
 * oldest first. Whoever just asks is served, however many others only connect.
 */
export class Connections {
  /** The number of requests under way on each. */
  readonly #requests = new Map<Socket, number>();
  /** Those without any, in the order in which that began. */
  readonly #waiting = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;

  /** Takes a connection, or closes it where there is no room for any. */
  add(socket: Socket): void {
    if (this.#requests.size >= maxEver && !this.#closeOldest()) {
      socket.destroy();
      return;
    }
    this.#requests.set(socket, 0);
    this.#waiting.add(socket);
    socket.once('close', () => {
      this.#requests.delete(socket);
      this.#waiting.delete(socket);
    });
    // Not at once: whoever connected in the same moment has perhaps not been read yet.
    if (this.#requests.size > most) this.#timer ??= setTimeout(() => this.#trim(), settleMs).unref();
  }

  /** A request has begun on a connection. @returns whether it may; where there are too many the connection is closed */
  begin(socket: Socket): boolean {
    const count = (this.#requests.get(socket) ?? 0) + 1;
    if (count > maxRequests) {
      socket.destroy();
      return false;
    }
    this.#requests.set(socket, count);
    this.#waiting.delete(socket);
    return true;
  }

  /** A request has its answer. */
  end(socket: Socket): void {
    const count = (this.#requests.get(socket) ?? 1) - 1;
    if (socket.destroyed) return;
    this.#requests.set(socket, count);
    if (count === 0) this.#waiting.add(socket);
  }

  #trim(): void {
    this.#timer = undefined;
    while (this.#requests.size > most && this.#closeOldest());
  }

  /** @returns whether there was one that could be */
  #closeOldest(): boolean {
    const [oldest] = this.#waiting;
    if (!oldest) return false;
    this.#waiting.delete(oldest);
    this.#requests.delete(oldest);
    oldest.destroy();
    return true;
  }
}
