import type { Bus } from './connection.ts';
import { contract } from './contract.ts';
import {
  type ArgsOf,
  type Description,
  type InterfaceName,
  type MethodsOf,
  managerName,
  type NameIn,
  type PropertiesOf,
  type ResultOf,
  type SignalsOf,
  type WritableOf,
} from './interfaces.ts';
import { parseTypes, Typed } from './values.ts';

/** One interface of one object. Every call has the deadline of `Bus.call` and throws what it throws. */
export interface Proxy<I extends InterfaceName> {
  call<M extends NameIn<MethodsOf<I>>>(
    member: M,
    ...args: ArgsOf<MethodsOf<I>[M]>
  ): Promise<ResultOf<MethodsOf<I>[M]>>;
  get<P extends NameIn<PropertiesOf<I>>>(property: P): Promise<PropertiesOf<I>[P]>;
  getAll(): Promise<PropertiesOf<I>>;
  set<P extends WritableOf<I> & NameIn<PropertiesOf<I>>>(
    property: P,
    value: PropertiesOf<I>[P],
  ): Promise<void>;
  /** Hears a signal from the moment the promise resolves, until the function it gives is called. */
  on<S extends NameIn<SignalsOf<I>>>(
    signal: S,
    handler: (...args: ArgsOf<SignalsOf<I>[S]>) => void,
  ): Promise<() => Promise<void>>;
  /** Hears changes of properties with their new values, likewise. */
  onChanged(handler: (changed: Partial<PropertiesOf<I>>) => void): Promise<() => Promise<void>>;
}

const propertiesInterface = 'org.freedesktop.DBus.Properties';

/**
 * @param options destination: who has the object, bangerd where absent; noAutoStart: fail with DaemonUnreachable instead of starting it;
 *   timeoutMs: the deadline of each call, 25 s where absent
 */
export function proxy<I extends InterfaceName>(
  bus: Bus,
  path: string,
  iface: I,
  {
    destination = managerName,
    ...options
  }: { destination?: string; noAutoStart?: boolean; timeoutMs?: number } = {},
): Proxy<I> {
  const description: Description = contract[iface];
  const call = (name: string, member: string, signature: string, body: readonly unknown[]) =>
    bus.call({ destination, path, interface: name, member, signature, body, ...options });
  const property = (member: string, signature: string, body: unknown[]) =>
    call(propertiesInterface, member, signature, [iface, ...body]);
  const listen = (name: string, member: string, handler: (body: readonly unknown[]) => void) =>
    bus.onSignal({ sender: destination, path, interface: name, member }, ({ body }) => handler(body));

  // The daemon answers as the contract says, so what comes back has the types the contract gives it.
  return {
    async call(member, ...args) {
      const { in: signature, out } = description.methods[member] ?? unknownMember(member);
      const body = await call(iface, member, signature, args);
      return (parseTypes(out).length > 1 ? body : body[0]) as never;
    },
    async get(name) {
      const [value] = await property('Get', 'ss', [name]);
      return value as never;
    },
    async getAll() {
      const [values] = await property('GetAll', 's', []);
      return values as never;
    },
    async set(name, value) {
      const { type } = description.properties[name] ?? unknownMember(name);
      await property('Set', 'ssv', [name, new Typed(type, value)]);
    },
    on: (signal, handler) =>
      listen(iface, signal, (body) => (handler as (...args: readonly unknown[]) => void)(...body)),
    onChanged: (handler) =>
      listen(propertiesInterface, 'PropertiesChanged', ([changedInterface, changed]) => {
        if (changedInterface === iface) handler(changed as never);
      }),
  };
}

function unknownMember(member: string): never {
  throw new TypeError(`the contract has no ${member}`);
}
