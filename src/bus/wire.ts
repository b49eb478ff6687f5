import { MessageReader } from './reader.ts';
import { isObjectPath, type Plain, parseTypes, Typed } from './values.ts';
import { Writer } from './writer.ts';

export const messageType = { call: 1, reply: 2, error: 3, signal: 4 } as const;
export const messageFlag = { noReplyExpected: 1, noAutoStart: 2 } as const;

/** The head of a message; D-Bus specification, "Message Format". */
export interface MessageHeader {
  type: number;
  flags?: number;
  path?: string;
  interface?: string;
  member?: string;
  errorName?: string;
  replySerial?: number;
  destination?: string;
  sender?: string;
  signature?: string;
}

/** A message that came in. */
export interface Message extends MessageHeader {
  flags: number;
  serial: number;
  signature: string;
  /** @throws RangeError or Error if what was sent cannot be expressed; the rest of the stream is unharmed */
  body(): Plain[];
}

/** Header fields by their code, with their types. */
const fields = [
  undefined,
  ['path', 'o'],
  ['interface', 's'],
  ['member', 's'],
  ['errorName', 's'],
  ['replySerial', 'u'],
  ['destination', 's'],
  ['sender', 's'],
  ['signature', 'g'],
] as const;
const [fieldsType] = parseTypes('a(yv)');

const protocolVersion = 1;
const littleEndian = 'l'.charCodeAt(0);
const fixedHeaderLength = 16;
/** "The maximum length of a message, including header, header alignment padding, and body is 2 to the 27th power". */
const maxMessageLength = 2 ** 27;
/** The same for one array; a body below this cannot hold a longer one. */
const maxBodyLength = 2 ** 26;

/**
 * A message as bytes. A bus drops a connection over one malformed message, so everything is checked here.
 * @throws TypeError where a value does not fit its type or a name is not a name, RangeError if it is too long
 */
export function encode(header: MessageHeader, serial: number, body: readonly unknown[]): Buffer {
  checkNames(header);
  if (!header.signature && body.length > 0) throw new TypeError('a body needs a signature');
  const writer = new Writer();
  for (const byte of [littleEndian, header.type, header.flags ?? 0, protocolVersion]) writer.byte(byte);
  const bodyLengthAt = writer.length;
  writer.unsigned(0);
  writer.unsigned(serial);
  if (fieldsType) writer.value(fieldsType, fieldsOf(header));
  writer.align(8);
  const start = writer.length;
  if (header.signature) writer.values(parseTypes(header.signature), body);
  writer.replaceUnsigned(bodyLengthAt, writer.length - start);
  if (writer.length > maxBodyLength) throw new RangeError(`a message of ${writer.length} bytes is too long`);
  return writer.bytes();
}

/** The header fields that a message has, as code and value. */
function fieldsOf(header: MessageHeader): [code: number, value: Typed][] {
  return fields.flatMap((field, code) => {
    const value = field && header[field[0]];
    return field && value ? [[code, new Typed(field[1], value)]] : [];
  });
}

function checkNames(header: MessageHeader): void {
  const checks: [value: string | undefined, valid: (value: string) => boolean][] = [
    [header.path, isObjectPath],
    [header.interface, isInterfaceName],
    [header.errorName, isInterfaceName],
    [header.member, (name) => name.length <= 255 && /^[A-Za-z_]\w*$/.test(name)],
    [header.destination, (name) => name.length <= 255 && /^:?[\w-]+(\.[\w-]+)+$/.test(name)],
  ];
  for (const [value, valid] of checks) {
    if (value !== undefined && !valid(value))
      throw new TypeError(`${JSON.stringify(value)} is not a D-Bus name`);
  }
}

/** D-Bus specification, "Interface names" and "Error names". */
export function isInterfaceName(name: string): boolean {
  return name.length <= 255 && /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/.test(name);
}

/** Cuts a stream of bytes into messages. */
export class Decoder {
  #chunks: Buffer[] = [];
  #length = 0;
  #wanted = fixedHeaderLength;

  /** @throws Error if the stream is not D-Bus; there is no way on from there */
  push(chunk: Buffer): Message[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const messages: Message[] = [];
    while (this.#length >= this.#wanted) {
      const data =
        this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
      const length = lengthOf(data);
      this.#chunks = [data];
      this.#wanted = length;
      if (data.length < length) break;
      messages.push(decode(data.subarray(0, length)));
      const rest = data.subarray(length);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#length = rest.length;
      this.#wanted = fixedHeaderLength;
    }
    return messages;
  }
}

function lengthOf(data: Buffer): number {
  const little = data[0] === littleEndian;
  const body = little ? data.readUInt32LE(4) : data.readUInt32BE(4);
  const fieldsLength = little ? data.readUInt32LE(12) : data.readUInt32BE(12);
  const length = fixedHeaderLength + Math.ceil(fieldsLength / 8) * 8 + body;
  if (length > maxMessageLength || data[3] !== 1) throw new Error('the bus does not speak D-Bus');
  return length;
}

function decode(data: Buffer): Message {
  const isLittle = data[0] === littleEndian;
  const reader = new MessageReader(data, isLittle, 0);
  const [, type, flags, , , serial, list] = reader.values(parseTypes('yyyyuua(yv)'));
  reader.align(8);
  const header: Record<string, unknown> = {};
  for (const [code, value] of list as [number, Plain][]) {
    const name = fields[code]?.[0];
    if (name) header[name] = value;
  }
  const signature = typeof header.signature === 'string' ? header.signature : '';
  const body = () => new MessageReader(data, isLittle, reader.at).values(parseTypes(signature));
  return { ...header, type, flags, serial, signature, body: once(body) } as Message;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
