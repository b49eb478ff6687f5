/** The head of a reply, as far as it is of interest. */
export interface ReplyHead {
  id: string;
  status: number;
  /** Of the body, in bytes. */
  length: number;
}

const statusStart = Buffer.from('HTTP/1.1 ');
const headEnd = Buffer.from('\r\n\r\n');
const maxHeadBytes = 4096;

/**
 * Finds heads of replies among any bytes. Looks at each byte once, however they arrive, and keeps no more than one
 * head.
 */
export class HeadFinder {
  readonly #maxBodyBytes: number;
  readonly #head: Buffer = Buffer.alloc(maxHeadBytes);
  /** Bytes of the head that has begun; 0 where none has. */
  #length = 0;
  /** How many bytes of the beginning of a head, and of its end, the last bytes are. */
  #begun = 0;
  #ended = 0;
  #count = 0;

  /** @param maxBodyBytes a head that promises more is none */
  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Counts how many times something looked like a whole head. */
  get count(): number {
    return this.#count;
  }

  /** The bytes of memory that are kept for a head. */
  get keptBytes(): number {
    return this.#head.length;
  }

  /** Takes bytes up to the end of the first head. @returns how many were taken, and the head if it is whole */
  push(bytes: Buffer): { taken: number; head?: ReplyHead } {
    for (let at = 0; at < bytes.length; at++) {
      if (!this.#take(bytes[at] ?? 0)) continue;
      const head = parseHead(
        this.#head.toString('latin1', 0, this.#length - headEnd.length),
        this.#maxBodyBytes,
      );
      this.#count++;
      this.#length = 0;
      if (head) return { taken: at + 1, head };
    }
    return { taken: bytes.length };
  }

  /** @returns whether the byte is the last of a head */
  #take(byte: number): boolean {
    // Neither of the two has its first byte anywhere else in it, so that nothing but that byte begins anew.
    if (byte === statusStart[this.#begun]) this.#begun++;
    else this.#begun = byte === statusStart[0] ? 1 : 0;
    if (this.#begun === statusStart.length) {
      // A head that was cut off is followed by the next one.
      this.#begun = 0;
      this.#ended = 0;
      this.#length = statusStart.copy(this.#head);
      return false;
    }
    if (this.#length === 0) return false;
    if (this.#length === maxHeadBytes) {
      this.#length = 0;
      return false;
    }
    this.#head[this.#length++] = byte;
    if (byte === headEnd[this.#ended]) this.#ended++;
    else this.#ended = byte === headEnd[0] ? 1 : 0;
    if (this.#ended < headEnd.length) return false;
    this.#ended = 0;
    return true;
  }
}

function parseHead(text: string, maxBodyBytes: number): ReplyHead | undefined {
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
