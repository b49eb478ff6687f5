import { parseBody } from './reply-body.ts';
import { HeadFinder, type ReplyHead } from './reply-head.ts';

/** A reply of the guest agent. */
export interface AgentReply {
  id: string;
  status: number;
  /** The JSON of its body; nothing if it has none, or something else. */
  body: unknown;
}

/** The longest reply that is taken, in bytes; the agent sends none that is longer. */
export const maxBodyBytes = 512 * 1024;

/** The longest status line: what is left of a body may end with the beginning of the next reply. */
const maxStatusBytes = 128;
/** A body has as much room as came of it, and not as much as its head promises. */
const firstRoomBytes = 4096;

interface Body {
  head: ReplyHead;
  /** Whether somebody waits for it. Of others no more is kept than a status line. */
  isAwaited: boolean;
  bytes: Buffer;
  kept: number;
  read: number;
}

/**
 * Finds replies in what a virtio-serial port brings, as docs/agent.md describes.
 *
 * A port has no connections: what comes first may be the rest of a reply to a host that went away. So
 * bytes are skipped up to the next thing that is a reply, where Node's HTTP client would fail. The
 * guest may be hostile: each byte is looked at a bounded number of times, and what is kept is a head and as much of
 * one body as has come.
 */
export class ReplyReader {
  readonly #isAwaited: (id: string) => boolean;
  readonly #heads = new HeadFinder(maxBodyBytes);
  #body: Body | undefined;

  /** @param isAwaited whether somebody waits for the reply with an id; others are passed over unread */
  constructor(isAwaited: (id: string) => boolean) {
    this.#isAwaited = isAwaited;
  }

  /** Counts how many heads were looked into so far, which is what costs most. */
  get headsRead(): number {
    return this.#heads.count;
  }

  /** The bytes of memory that are kept for what has not come to its end. */
  get keptBytes(): number {
    return this.#heads.keptBytes + (this.#body?.bytes.length ?? 0);
  }

  /** Takes bytes and gives the replies that are awaited and whole with them. */
  push(chunk: Buffer): AgentReply[] {
    const replies: AgentReply[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (this.#body) {
        at += this.#readBody(this.#body, chunk.subarray(at), replies);
        continue;
      }
      const { taken, head } = this.#heads.push(chunk.subarray(at));
      at += taken;
      if (head) this.#begin(head, replies);
    }
    return replies;
  }

  #begin(head: ReplyHead, replies: AgentReply[]): void {
    const isAwaited = this.#isAwaited(head.id);
    const room = isAwaited ? Math.min(head.length, firstRoomBytes) : maxStatusBytes;
    this.#body = { head, isAwaited, bytes: Buffer.allocUnsafe(room), kept: 0, read: 0 };
    if (head.length === 0) this.#end(this.#body, replies);
  }

  /** @returns how many of the bytes belong to the body */
  #readBody(body: Body, bytes: Buffer, replies: AgentReply[]): number {
    const part = bytes.subarray(0, body.head.length - body.read);
    // Bodies are JSON on one line: a line end in one belongs to the reply after one that was cut off.
    const length = lengthOfLine(part);
    keep(body, part.subarray(0, length));
    body.read += length;
    if (length < part.length) {
      this.#body = undefined;
      this.#heads.push(tail(body));
    } else if (body.read === body.head.length) {
      this.#end(body, replies);
    }
    return length;
  }

  #end(body: Body, replies: AgentReply[]): void {
    this.#body = undefined;
    const { id, status } = body.head;
    const parsed = body.isAwaited ? parseBody(body.bytes.subarray(0, body.kept)) : undefined;
    if (body.isAwaited) replies.push({ id, status, body: parsed });
    // Cut off as well, perhaps, and filled up with the beginning of the next.
    if (parsed === undefined) this.#heads.push(tail(body));
  }
}

/** Adds to what is kept of a body: all of one that is awaited, else the end. */
function keep(body: Body, part: Buffer): void {
  if (body.isAwaited) {
    const needed = body.kept + part.length;
    if (needed > body.bytes.length) {
      const room = Buffer.allocUnsafe(Math.min(body.head.length, Math.max(needed, body.bytes.length * 2)));
      body.bytes.copy(room, 0, 0, body.kept);
      body.bytes = room;
    }
    part.copy(body.bytes, body.kept);
    body.kept = needed;
    return;
  }
  const last = part.subarray(-maxStatusBytes);
  const stays = Math.min(body.kept, maxStatusBytes - last.length);
  body.bytes.copyWithin(0, body.kept - stays, body.kept);
  last.copy(body.bytes, stays);
  body.kept = stays + last.length;
}

function tail({ bytes, kept }: Body): Buffer {
  return bytes.subarray(Math.max(0, kept - maxStatusBytes), kept);
}

/** Counts how many bytes come before the first that is below 0x20. */
function lengthOfLine(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; at++) if ((bytes[at] ?? 0) < 0x20) return at;
  return bytes.length;
}
