import { contract } from './contract.ts';
import type { Description, InterfaceName, MethodsOf, NameIn, ResultOf, RowsOf } from './interfaces.ts';

/** The methods that return structs. */
type Listing<I extends InterfaceName> = NameIn<RowsOf<I>> & NameIn<MethodsOf<I>>;
/** A struct that a method returns, as a tuple; the only result or the one behind a text. */
type Row<I extends InterfaceName, M extends Listing<I>> =
  ResultOf<MethodsOf<I>[M]> extends [string, (infer R)[]]
    ? R
    : ResultOf<MethodsOf<I>[M]> extends (infer R)[]
      ? R
      : never;

/** Puts the fields of a struct that a method returns into the order of the contract. */
export function toRow<I extends InterfaceName, M extends Listing<I>>(
  iface: I,
  method: M,
  fields: RowsOf<I>[M],
): Row<I, M> {
  const values = fields as Readonly<Record<string, unknown>>;
  return fieldsOf(iface, method).map((name) => values[name]) as Row<I, M>;
}

/** Gives the fields of a struct that a method returned by their names. */
export function fromRow<I extends InterfaceName, M extends Listing<I>>(
  iface: I,
  method: M,
  row: Row<I, M>,
): RowsOf<I>[M] {
  const values = row as readonly unknown[];
  return Object.fromEntries(
    fieldsOf(iface, method).map((name, index) => [name, values[index]]),
  ) as RowsOf<I>[M];
}

function fieldsOf(iface: InterfaceName, method: string): readonly string[] {
  const description: Description = contract[iface];
  return description.methods[method]?.fields ?? [];
}
