import { highWord, type Plain, parseTypes, startsAtEight, type Type } from './values.ts';

/**
 * Reads plain values from the wire format, in either byte order; D-Bus specification, "Marshaling". Every method throws
 * a RangeError for what is beyond the end or is a 64-bit integer that a number cannot hold exactly.
 */
export class MessageReader {
  readonly #data: Buffer;
  readonly #isLittle: boolean;
  #at: number;

  /** @param at where the first value begins; what it is aligned to counts from the start of the data */
  constructor(data: Buffer, isLittle: boolean, at: number) {
    this.#data = data;
    this.#isLittle = isLittle;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  /** Reads one value for each type. */
  values(types: readonly Type[]): Plain[] {
    return types.map((type) => this.value(type));
  }

  value(type: Type): Plain {
    switch (type.type) {
      case 's':
      case 'o':
        return this.#text(this.#unsigned());
      case 'g':
        return this.#signature();
      case 'b':
        return this.#unsigned() !== 0;
      case 'u':
        return this.#unsigned();
      case 't':
      case 'x':
        return this.#long(type.type === 'x');
      case 'v':
        return this.#variant();
      case '(':
        this.align(8);
        return this.values(type.child);
      case 'a':
        return this.#array(type);
      default:
        return this.#number(type.type);
    }
  }

  align(bytes: number): void {
    this.#at = Math.ceil(this.#at / bytes) * bytes;
  }

  #number(type: string): number {
    const [data, little] = [this.#data, this.#isLittle];
    switch (type) {
      case 'y':
        return this.#take(1, 1, (at) => data.readUInt8(at));
      case 'n':
        return this.#take(2, 2, (at) => (little ? data.readInt16LE(at) : data.readInt16BE(at)));
      case 'q':
        return this.#take(2, 2, (at) => (little ? data.readUInt16LE(at) : data.readUInt16BE(at)));
      case 'i':
        return this.#take(4, 4, (at) => (little ? data.readInt32LE(at) : data.readInt32BE(at)));
      case 'd':
        return this.#take(8, 8, (at) => (little ? data.readDoubleLE(at) : data.readDoubleBE(at)));
      default:
        throw new TypeError(`values of the type ${type} cannot be read`);
    }
  }

  /** Reads at the next place that is aligned, and goes on behind it. */
  #take<T>(alignment: number, bytes: number, read: (at: number) => T): T {
    this.align(alignment);
    const value = read(this.#at);
    this.#at += bytes;
    return value;
  }

  #unsigned(): number {
    this.align(4);
    const value = this.#isLittle ? this.#data.readUInt32LE(this.#at) : this.#data.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  #long(isSigned: boolean): number {
    this.align(8);
    const [data, little, at] = [this.#data, this.#isLittle, this.#at];
    const low = little ? data.readUInt32LE(at) : data.readUInt32BE(at + 4);
    const highAt = little ? at + 4 : at;
    const high = isSigned
      ? little
        ? data.readInt32LE(highAt)
        : data.readInt32BE(highAt)
      : little
        ? data.readUInt32LE(highAt)
        : data.readUInt32BE(highAt);
    this.#at += 8;
    const value = high * highWord + low;
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is beyond 2^53`);
    return value;
  }

  /** Reads a text of some bytes and the zero behind it. */
  #text(bytes: number): string {
    const end = this.#at + bytes;
    if (end >= this.#data.length) throw new RangeError('a text goes beyond the message');
    const text = this.#data.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #signature(): string {
    const bytes = this.#data.readUInt8(this.#at++);
    return this.#text(bytes);
  }

  #variant(): Plain {
    const types = parseTypes(this.#signature());
    if (!types[0] || types.length > 1) throw new TypeError('a variant has one value');
    return this.value(types[0]);
  }

  #array({ child: [element] }: Type): Plain {
    if (!element) throw new TypeError('an array without an element type');
    const length = this.#unsigned();
    if (startsAtEight(element)) this.align(8);
    const end = this.#at + length;
    if (end > this.#data.length) throw new RangeError('an array goes beyond the message');
    const value = element.type === '{' ? this.#entries(element, end) : this.#items(element, end);
    if (this.#at !== end) throw new RangeError('an array ends within a value');
    return value;
  }

  #items(element: Type, end: number): Plain[] {
    const items: Plain[] = [];
    while (this.#at < end) {
      const begin = this.#at;
      items.push(this.value(element));
      // Such as a struct without fields, of which no bus passes on any.
      if (this.#at === begin) throw new RangeError('an array of values that take no bytes');
    }
    return items;
  }

  #entries({ child: [key, item] }: Type, end: number): Record<string, Plain> {
    if (!key || !item) throw new TypeError('a dict without the types of its entries');
    const entries: Record<string, Plain> = {};
    while (this.#at < end) {
      this.align(8);
      const name = String(this.value(key));
      const value = this.value(item);
      // Of all keys this one alone would not become a property of its own.
      if (name === '__proto__') {
        Object.defineProperty(entries, name, { value, enumerable: true, configurable: true, writable: true });
      } else entries[name] = value;
    }
    return entries;
  }
}
