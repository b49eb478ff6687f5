import { highWord, isObjectPath, parseTypes, startsAtEight, type Type, Typed } from './values.ts';

const initialBytes = 256;

/** The bytes of the integer types, but for the 64-bit ones. */
const widths: Readonly<Record<string, number>> = { y: 1, n: 2, q: 2, i: 4, u: 4 };
/** The ranges of the integer types. The 64-bit ones hold what a number holds exactly. */
const ranges: Readonly<Record<string, readonly [min: number, max: number]>> = {
  y: [0, 0xff],
  n: [-0x8000, 0x7fff],
  q: [0, 0xffff],
  i: [-0x8000_0000, 0x7fff_ffff],
  u: [0, 0xffff_ffff],
  x: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  t: [0, Number.MAX_SAFE_INTEGER],
};

/**
 * Writes plain values in the wire format, little-endian, each checked so far that no bus drops the connection over it;
 * D-Bus specification, "Marshaling". Every method throws a TypeError where a value is not of its type.
 */
export class Writer {
  #data = Buffer.alloc(initialBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes written so far. */
  bytes(): Buffer {
    return this.#data.subarray(0, this.#length);
  }

  /** Writes one value for each type. */
  values(types: readonly Type[], values: readonly unknown[]): void {
    if (types.length !== values.length) {
      throw new TypeError(`${types.length} values expected, ${values.length} given`);
    }
    for (const [index, type] of types.entries()) this.value(type, values[index]);
  }

  value(type: Type, value: unknown): void {
    switch (type.type) {
      case 's':
        this.#string(value);
        break;
      case 'o':
        if (typeof value !== 'string' || !isObjectPath(value)) throw mismatch('an object path', value);
        this.#string(value);
        break;
      case 'g':
        this.#signature(value);
        break;
      case 'b':
        if (typeof value !== 'boolean') throw mismatch('a boolean', value);
        this.unsigned(value ? 1 : 0);
        break;
      case 'd':
        this.#double(value);
        break;
      case 'v':
        this.#variant(value);
        break;
      case '(':
        this.align(8);
        this.values(type.child, listOf(value));
        break;
      case 'a':
        this.#array(type, value);
        break;
      case 'h':
        throw new TypeError('file descriptors cannot be sent');
      default:
        this.#integer(type.type, value);
    }
  }

  /** Adds zeros up to a multiple of some bytes. */
  align(bytes: number): void {
    const length = Math.ceil(this.#length / bytes) * bytes;
    this.#reserve(length - this.#length);
    this.#length = length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#data[this.#length++] = value;
  }

  /** Writes a number of 32 bits. */
  unsigned(value: number): void {
    this.align(4);
    this.#reserve(4);
    this.#length = this.#data.writeUInt32LE(value, this.#length);
  }

  /** Replaces a number of 32 bits that was written before. */
  replaceUnsigned(at: number, value: number): void {
    this.#data.writeUInt32LE(value, at);
  }

  #integer(type: string, value: unknown): void {
    const [min, max] = ranges[type] ?? [Number.NaN, Number.NaN];
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw mismatch('an integer', value);
    if (!(value >= min && value <= max)) throw mismatch(`an integer of the type ${type}`, value);
    const bytes = widths[type] ?? 8;
    this.align(bytes);
    this.#reserve(bytes);
    const [data, at] = [this.#data, this.#length];
    this.#length += bytes;
    if (type === 'y') data.writeUInt8(value, at);
    else if (type === 'n') data.writeInt16LE(value, at);
    else if (type === 'q') data.writeUInt16LE(value, at);
    else if (type === 'i') data.writeInt32LE(value, at);
    else if (type === 'u') data.writeUInt32LE(value, at);
    else {
      const high = Math.floor(value / highWord);
      data.writeUInt32LE(value - high * highWord, at);
      data.writeInt32LE(high, at + 4);
    }
  }

  #double(value: unknown): void {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw mismatch('a finite number', value);
    this.align(8);
    this.#reserve(8);
    this.#length = this.#data.writeDoubleLE(value, this.#length);
  }

  #string(value: unknown): void {
    if (typeof value !== 'string' || value.includes('\0')) throw mismatch('a string', value);
    this.unsigned(0);
    const start = this.#length;
    // No UTF-16 unit takes more than three bytes of UTF-8.
    this.#reserve(3 * value.length + 1);
    const bytes = this.#data.write(value, start);
    this.#data.writeUInt32LE(bytes, start - 4);
    this.#length = start + bytes;
    this.byte(0);
  }

  #signature(value: unknown): void {
    if (typeof value !== 'string' || value.length > 255) throw mismatch('a signature', value);
    parseTypes(value);
    this.byte(value.length);
    for (let index = 0; index < value.length; index++) this.byte(value.charCodeAt(index));
    this.byte(0);
  }

  #variant(value: unknown): void {
    const { signature, value: content } = value instanceof Typed ? value : inferred(value);
    this.#signature(signature);
    const types = parseTypes(signature);
    if (!types[0] || types.length > 1) throw new TypeError(`${signature} is not one complete type`);
    this.value(types[0], content);
  }

  #array(type: Type, value: unknown): void {
    const [element] = type.child;
    if (!element) throw new TypeError('an array without an element type');
    this.unsigned(0);
    const lengthAt = this.#length - 4;
    // What is between the length and the first element is no part of the length.
    if (startsAtEight(element)) this.align(8);
    const start = this.#length;
    if (element.type === '{') this.#entries(element, value);
    else for (const item of listOf(value)) this.value(element, item);
    this.replaceUnsigned(lengthAt, this.#length - start);
  }

  #entries({ child: [key, item] }: Type, value: unknown): void {
    if (!key || !item || typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TypeError('a dict must be an object');
    }
    const textual = key.type === 's' || key.type === 'o' || key.type === 'g';
    for (const [name, each] of Object.entries(value)) {
      if (each === undefined) continue;
      this.align(8);
      this.value(key, textual ? name : Number(name));
      this.value(item, each);
    }
  }

  /** Makes room. What was not written yet is zero. */
  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#data.length) return;
    const larger = Buffer.alloc(Math.max(needed, 2 * this.#data.length));
    this.#data.copy(larger, 0, 0, this.#length);
    this.#data = larger;
  }
}

function inferred(value: unknown): { signature: string; value: unknown } {
  if (typeof value === 'string') return { signature: 's', value };
  if (typeof value === 'boolean') return { signature: 'b', value };
  if (typeof value === 'number') {
    return { signature: Number.isSafeInteger(value) && value >= 0 ? 't' : 'd', value };
  }
  if (Array.isArray(value)) {
    return { signature: value.every((item) => typeof item === 'string') ? 'as' : 'av', value };
  }
  if (typeof value === 'object' && value !== null) return { signature: 'a{sv}', value };
  throw new TypeError(`${String(value)} has no D-Bus type`);
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`an array expected, not ${String(value)}`);
  return value;
}

function mismatch(expected: string, value: unknown): TypeError {
  return new TypeError(`${expected} expected, not ${JSON.stringify(value) ?? String(value)}`);
}
