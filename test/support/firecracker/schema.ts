/** JSON Schema, as much of it as the description of Firecracker's API needs. */

/** What one value may be. */
export type Shape =
  | { type: 'string'; enum?: readonly string[] }
  | { type: 'boolean' }
  | { type: 'integer'; minimum?: number; maximum?: number }
  | { type: 'object'; additionalProperties: { type: 'string' } }
  | { $ref: string };

/** An object of which every property is known. */
export interface ObjectShape {
  type: 'object';
  required: readonly string[];
  properties: Readonly<Record<string, Shape>>;
  additionalProperties: false;
}

export type Definition = ObjectShape | Shape;

export const text: Shape = { type: 'string' };
export const flag: Shape = { type: 'boolean' };
export const textMap: Shape = { type: 'object', additionalProperties: { type: 'string' } };

/** A whole number, from and up to given ones. */
export function whole(minimum?: number, maximum?: number): Shape {
  return {
    type: 'integer',
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
  };
}

export function oneOf(...values: string[]): Shape {
  return { type: 'string', enum: values };
}

/** What a definition of this name says. */
export function ref(name: string): Shape {
  return { $ref: `#/definitions/${name}` };
}

/** An object with these properties and no others, of which some must be there. */
export function record(required: readonly string[], properties: Record<string, Shape>): ObjectShape {
  return { type: 'object', required, properties, additionalProperties: false };
}
