import { parseSignature, type Type } from 'dbus-next/lib/signature.js';

/** What crosses this layer: a 64-bit integer is a number, a struct an array, a dict an object, a variant its value. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** A value whose D-Bus type is known, for a place that takes a variant. */
export class Typed {
  readonly signature: string;
  readonly value: unknown;

  constructor(signature: string, value: unknown) {
    this.signature = signature;
    this.value = value;
  }
}

const parsed = new Map<string, Type[]>();

/** @throws Error if it is not a signature */
export function typesOf(signature: string): Type[] {
  let types = parsed.get(signature);
  if (!types) {
    types = parseSignature(signature);
    // A caller chooses the signatures it sends, so what is remembered is bounded.
    if (parsed.size < 1000) parsed.set(signature, types);
  }
  return types;
}

/**
 * From the library's form of a message body to plain values.
 * @throws RangeError for a 64-bit integer that a number cannot hold exactly
 */
export function toPlain(types: readonly Type[], values: readonly unknown[]): Plain[] {
  return types.map((type, index) => plainOf(type, values[index]));
}

function plainOf(type: Type, value: unknown): Plain {
  const element = type.child[0];
  switch (type.type) {
    case 'x':
    case 't': {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is beyond 2^53`);
      return number;
    }
    case 'a': {
      const items = listOf(value);
      if (!element) throw new TypeError('an array without an element type');
      const [key, item] = element.child;
      if (element.type !== '{' || !key || !item) return items.map((each) => plainOf(element, each));
      // fromEntries defines own properties: a key such as __proto__ stays a key.
      return Object.fromEntries(
        items.map(listOf).map((pair) => [String(plainOf(key, pair[0])), plainOf(item, pair[1])]),
      );
    }
    case '(':
      return toPlain(type.child, listOf(value));
    case 'v': {
      const [types, values] = listOf(value);
      return toPlain(listOf(types) as Type[], listOf(values))[0] ?? '';
    }
    default:
      return value as string | number | boolean;
  }
}

/**
 * From plain values to the library's form, checked so far that no bus drops the connection over them.
 * @throws TypeError where a value is not of its type
 */
export function toWire(types: readonly Type[], values: readonly unknown[]): unknown[] {
  if (types.length !== values.length) {
    throw new TypeError(`${types.length} values expected, ${values.length} given`);
  }
  return types.map((type, index) => wireOf(type, values[index]));
}

function wireOf(type: Type, value: unknown): unknown {
  switch (type.type) {
    case 's':
    case 'g':
      return expectThat(typeof value === 'string' && !value.includes('\0'), value, 'a string');
    case 'o':
      return expectThat(typeof value === 'string' && isObjectPath(value), value, 'an object path');
    case 'b':
      return expectThat(typeof value === 'boolean', value, 'a boolean');
    case 'd':
      return expectThat(Number.isFinite(value), value, 'a finite number');
    case 'v':
      return variantOf(value);
    case '(':
      return toWire(type.child, listOf(value));
    case 'a':
      return arrayOf(type, value);
    case 'h':
      throw new TypeError('file descriptors cannot be sent');
    default:
      // The library checks the range of each integer type.
      return expectThat(Number.isSafeInteger(value), value, 'an integer');
  }
}

function arrayOf(type: Type, value: unknown): unknown[] {
  const [element] = type.child;
  if (!element) throw new TypeError('an array without an element type');
  if (element.type !== '{') return listOf(value).map((each) => wireOf(element, each));
  const [key, item] = element.child;
  if (!key || !item || typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('a dict must be an object');
  }
  const textual = key.type === 's' || key.type === 'o' || key.type === 'g';
  return Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) => [wireOf(key, textual ? name : Number(name)), wireOf(item, each)]);
}

function variantOf(value: unknown): [string, unknown] {
  const { signature, value: content } = value instanceof Typed ? value : inferred(value);
  return [signature, toWire(typesOf(signature), [content])[0]];
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

/** D-Bus specification, "Valid Object Paths". */
export function isObjectPath(text: string): boolean {
  return /^\/(?:[A-Za-z0-9_]+(?:\/[A-Za-z0-9_]+)*)?$/.test(text);
}

function expectThat(holds: boolean, value: unknown, what: string): unknown {
  if (!holds) throw new TypeError(`${what} expected, not ${JSON.stringify(value) ?? String(value)}`);
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`an array expected, not ${String(value)}`);
  return value;
}
