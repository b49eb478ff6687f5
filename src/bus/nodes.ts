import { contract } from './contract.ts';
import { StandardError } from './errors.ts';
import {
  type ArgsOf,
  type Description,
  type InterfaceName,
  type MethodsOf,
  type NameIn,
  type PropertiesOf,
  type ResultOf,
  rootPath,
  type WritableOf,
} from './interfaces.ts';
import { type Plain, Typed } from './values.ts';

/** Who called, by unique name. */
export interface Caller {
  sender: string;
}

/** What stands behind one interface of one object. */
export type Implementation<I extends InterfaceName> = {
  methods: {
    [M in NameIn<MethodsOf<I>>]: (
      caller: Caller,
      ...args: ArgsOf<MethodsOf<I>[M]>
    ) => Given<ResultOf<MethodsOf<I>[M]>> | Promise<Given<ResultOf<MethodsOf<I>[M]>>>;
  };
  properties: { [P in NameIn<PropertiesOf<I>>]: () => PropertiesOf<I>[P] };
} & ([WritableOf<I>] extends [never]
  ? unknown
  : { writable: { [P in WritableOf<I> & NameIn<PropertiesOf<I>>]: (value: PropertiesOf<I>[P]) => void } });

/** A result as it may be given: what goes into a variant may say its D-Bus type, where that is not the obvious one. */
type Given<R> = R extends Record<string, Plain> ? Record<string, Plain | Typed> : R;

/** An implementation whose interface is known at run time only; the contract says what it takes and gives. */
export interface Served {
  methods: Readonly<Record<string, (caller: Caller, ...args: unknown[]) => unknown>>;
  properties: Readonly<Record<string, () => unknown>>;
  writable?: Readonly<Record<string, (value: unknown) => void>>;
}

export type Properties = Record<string, Typed>;

/** The objects of a tree and the nodes that lead to them. */
export class Nodes {
  readonly #objects = new Map<string, Map<InterfaceName, Served>>();
  /** Names of the children of each node; ancestors of the root stand for good. */
  readonly #children = new Map<string, Set<string>>();

  constructor() {
    this.#link(rootPath);
  }

  /** @throws Error if the object has this interface already: a bug of ours */
  add(path: string, iface: InterfaceName, served: Served): void {
    if (!path.startsWith(`${rootPath}/`)) throw new Error(`${path} is not below ${rootPath}`);
    const interfaces = this.#objects.get(path) ?? new Map<InterfaceName, Served>();
    if (interfaces.has(iface)) throw new Error(`${path} has ${iface} already`);
    interfaces.set(iface, served);
    this.#objects.set(path, interfaces);
    this.#link(path);
  }

  /** Removes an object and gives the interfaces it had. */
  remove(path: string): InterfaceName[] {
    const interfaces = [...(this.#objects.get(path)?.keys() ?? [])];
    this.#objects.delete(path);
    this.#unlink(path);
    return interfaces;
  }

  /** The paths of all objects. */
  paths(): string[] {
    return [...this.#objects.keys()];
  }

  isNode(path: string): boolean {
    return path === rootPath || this.#objects.has(path) || this.#children.has(path);
  }

  childrenOf(path: string): string[] {
    return [...(this.#children.get(path) ?? [])].sort();
  }

  interfacesOf(path: string): ReadonlyMap<InterfaceName, Served> {
    return this.#objects.get(path) ?? new Map();
  }

  /** All interfaces of an object with the present values of their properties. */
  describe(path: string): Record<string, Properties> {
    return Object.fromEntries(
      [...this.interfacesOf(path)].map(([iface, served]) => [iface, readProperties(iface, served)]),
    );
  }

  #link(path: string): void {
    for (let at = path; at !== '/'; at = parentOf(at)) {
      const siblings = this.#children.get(parentOf(at));
      if (siblings) siblings.add(nameOf(at));
      else this.#children.set(parentOf(at), new Set([nameOf(at)]));
    }
  }

  #unlink(path: string): void {
    for (let at = path; at !== rootPath && !this.isNode(at); at = parentOf(at)) {
      const siblings = this.#children.get(parentOf(at));
      siblings?.delete(nameOf(at));
      if (siblings?.size === 0) this.#children.delete(parentOf(at));
    }
  }
}

/** The present values of properties, of all of them where none are named. */
export function readProperties(iface: InterfaceName, served: Served, names?: readonly string[]): Properties {
  const description: Description = contract[iface];
  const values: Properties = {};
  for (const name of names ?? Object.keys(description.properties)) {
    values[name] = readProperty(iface, served, name);
  }
  return values;
}

/** @throws StandardError UnknownProperty */
export function readProperty(iface: InterfaceName, served: Served, name: string): Typed {
  const { type } = describeProperty(iface, name);
  return new Typed(type, served.properties[name]?.());
}

/** @throws StandardError UnknownProperty */
export function describeProperty(iface: InterfaceName, name: string): { type: string; access: string } {
  const description: Description = contract[iface];
  const property = Object.hasOwn(description.properties, name) ? description.properties[name] : undefined;
  if (!property)
    throw new StandardError('UnknownProperty', `${iface} has no property ${JSON.stringify(name)}`);
  return property;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
