import { contract } from '../../src/bus/contract.ts';
import type { Description, InterfaceName } from '../../src/bus/interfaces.ts';
import type { Implementation } from '../../src/bus/server.ts';
import { parseTypes, type Type } from '../../src/bus/values.ts';

/** Makes an object with every method and property of the contract, which gives the empty value of each type. */
export function standIn<I extends InterfaceName>(iface: I): Implementation<I> {
  const { methods, properties }: Description = contract[iface];
  const give = (signature: string) => {
    const values = parseTypes(signature).map(emptyValue);
    return () => (values.length > 1 ? values : values[0]);
  };
  // What is made by the contract has the types that the contract has.
  return {
    methods: mapValues(methods, (method) => give(method.out)),
    properties: mapValues(properties, (property) => give(property.type)),
  } as unknown as Implementation<I>;
}

function emptyValue({ type, child: [element] }: Type): unknown {
  if (type === 'a') return element?.type === '{' ? {} : [];
  if (type === 's') return '';
  if (type === 'o') return '/';
  return type === 'b' ? false : 0;
}

function mapValues<T, R>(values: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}
