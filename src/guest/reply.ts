/** A reply of the guest agent. */
export interface Reply {
  id: string;
  status: number;
  /** The JSON of its body; nothing if it has none, or something else. */
  body: unknown;
}

const statusStart = 'HTTP/1.1 ';
const maxHeadBytes = 4096;
/** The longest reply that is taken, in bytes. */
export const maxBodyBytes = 1024 * 1024;

/** The longest status line. */
const maxStatusBytes = 128;
const nothing: Buffer = Buffer.alloc(0);

interface Head {
  id: string;
  status: number;
  length: number;
}

/**
 * Finds replies in what a virtio-serial port brings, as docs/agent.md describes.
 *
 * A port has no connections: what comes first may be the rest of a reply to a host that went away. So
 * bytes are skipped up to the next thing that is a reply, where Node's HTTP client would fail. The
 * guest may be hostile: each byte is looked at a bounded number of times and little is kept.
 */
export class ReplyReader {
  /** What may become a head. */
  #pending = nothing;
  #current: { head: Head; body: Buffer; filled: number } | undefined;

  /** Takes bytes and gives the replies that are whole with them. */
  push(chunk: Buffer): Reply[] {
    const replies: Reply[] = [];
    let rest: Buffer | undefined = chunk;
    while (rest) rest = this.#current ? this.#readBody(rest, replies) : this.#readHead(rest);
    return replies;
  }

  /** @returns what follows the head, or nothing if more is needed */
  #readHead(bytes: Buffer): Buffer | undefined {
    let pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : bytes;
    for (;;) {
      const start = pending.indexOf(statusStart, 0, 'latin1');
      // The last bytes may be a beginning.
      if (start < 0) pending = pending.subarray(Math.max(0, pending.length - statusStart.length + 1));
      else pending = pending.subarray(start);
      const end = pending.subarray(0, maxHeadBytes).indexOf('\r\n\r\n', 0, 'latin1');
      const second = pending.subarray(0, end < 0 ? maxHeadBytes : end).indexOf(statusStart, 1, 'latin1');
      if (second < 0 && end < 0 && pending.length < maxHeadBytes) {
        this.#pending = Buffer.from(pending);
        return undefined;
      }
      // A head that was cut off is followed by the next one.
      const head = second < 0 && end >= 0 ? parseHead(pending.toString('latin1', 0, end)) : undefined;
      if (head) {
        this.#pending = nothing;
        this.#current = { head, body: Buffer.alloc(head.length), filled: 0 };
        return pending.subarray(end + 4);
      }
      pending = pending.subarray(1);
    }
  }

  /** @returns what follows the body, or nothing if more is needed */
  #readBody(bytes: Buffer, replies: Reply[]): Buffer | undefined {
    const current = this.#current;
    if (!current) return bytes;
    const part = bytes.subarray(0, current.body.length - current.filled);
    // Bodies are JSON on one line: a line end in one belongs to the reply after one that was cut off.
    const lineEnd = part.findIndex((byte) => byte < 0x20);
    part.copy(current.body, current.filled, 0, lineEnd < 0 ? part.length : lineEnd);
    current.filled += lineEnd < 0 ? part.length : lineEnd;
    if (lineEnd < 0 && current.filled < current.body.length) return undefined;
    this.#current = undefined;
    if (lineEnd >= 0) {
      this.#pending = current.body.subarray(Math.max(0, current.filled - maxStatusBytes), current.filled);
      return bytes.subarray(lineEnd);
    }
    const body = parseBody(current.body);
    replies.push({ id: current.head.id, status: current.head.status, body });
    // Cut off as well, perhaps, and filled up with the beginning of the next.
    if (body === undefined) this.#pending = current.body.subarray(-maxStatusBytes);
    return bytes.subarray(part.length);
  }
}

function parseBody(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function parseHead(text: string): Head | undefined {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 ([1-5]\d\d) [ -~]{0,64}$/.exec(statusLine)?.[1];
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([A-Za-z0-9-]{1,64}): ?([ -~]{0,256})$/.exec(line) ?? [];
    if (name === undefined || value === undefined || headers.has(name.toLowerCase())) return undefined;
    headers.set(name.toLowerCase(), value);
  }
  const id = headers.get('x-request-id');
  const length = headers.get('content-length');
  if (!status || !id || !length || !/^\d{1,7}$/.test(length) || Number(length) > maxBodyBytes)
    return undefined;
  return { id, status: Number(status), length: Number(length) };
}
