import { parseSignature, type Type } from 'dbus-next/lib/signature.js';

export type { Type };

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

/** What the high half of a 64-bit integer counts for. */
export const highWord = 2 ** 32;

/** Checks whether the elements of an array begin at a multiple of eight bytes; D-Bus specification, "Marshaling". */
export function startsAtEight(element: Type): boolean {
  return '({xtd'.includes(element.type);
}

const parsed = new Map<string, Type[]>();

/** @throws Error if it is not a signature */
export function parseTypes(signature: string): Type[] {
  let types = parsed.get(signature);
  if (!types) {
    types = parseSignature(signature);
    // A caller chooses the signatures it sends, so what is remembered is bounded.
    if (parsed.size < 1000) parsed.set(signature, types);
  }
  return types;
}

/** D-Bus specification, "Valid Object Paths". */
export function isObjectPath(text: string): boolean {
  return /^\/(?:[A-Za-z0-9_]+(?:\/[A-Za-z0-9_]+)*)?$/.test(text);
}
