import type { Contract } from './contract.ts';
import type { OptionTable } from './options.ts';

export type InterfaceName = keyof Contract;
export type MethodsOf<I extends InterfaceName> = Contract[I]['methods'];
export type PropertiesOf<I extends InterfaceName> = Contract[I]['properties'];
/** The structs that methods return, with their fields by name; `rows.ts` turns them into tuples and back. */
export type RowsOf<I extends InterfaceName> = Contract[I]['rows'];
/** The properties that change, of which every change is told by PropertiesChanged. */
export type ChangingOf<I extends InterfaceName> = Contract[I]['changing'];
export type WritableOf<I extends InterfaceName> = Contract[I]['writable'];
export type SignalsOf<I extends InterfaceName> = Contract[I]['signals'];

/** The arguments of a method or signal, as a tuple. */
export type ArgsOf<F> = F extends (...args: infer A) => unknown ? A : never;
/** What a method returns: nothing, the value if there is one, a tuple of several. */
export type ResultOf<F> = F extends (...args: never[]) => infer R ? R : never;
/** The options of a method, by their names; those that are not given are absent. */
export type OptionsOf<I extends InterfaceName, M extends NameIn<MethodsOf<I>>> =
  ArgsOf<MethodsOf<I>[M]> extends [...unknown[], infer O] ? O : never;
/** The string keys of a type. */
export type NameIn<T> = Extract<keyof T, string>;

/** The D-Bus signatures of a method, and what is known of its arguments besides. */
export interface MethodDescription {
  readonly in: string;
  readonly out: string;
  readonly options?: OptionTable;
  /** The fields of the structs it returns, in their order. */
  readonly fields?: readonly string[];
}

/** What an interface is made of, where it is not known which one. */
export interface Description {
  readonly methods: Readonly<Record<string, MethodDescription>>;
  readonly properties: Readonly<Record<string, { readonly type: string; readonly access: string }>>;
  readonly changing: readonly string[];
  readonly signals: Readonly<Record<string, string>>;
}

export const managerName = 'org.banger.Manager1';
export const managerPath = '/org/banger/Manager1';
/** Where ObjectManager is; everything banger serves is at or below it. */
export const rootPath = '/org/banger';
