import { Bus } from '../../src/bus/connection.ts';
import { Typed } from '../../src/bus/values.ts';
import { type Message, messageType } from '../../src/bus/wire.ts';
import { managerInterface, systemdName, systemdPath, unitPath } from '../../src/systemd/manager.ts';

/** What the fake knows of a unit. */
export interface FakeUnit {
  active: string;
  /** Whether a job of it is queued or runs. */
  job: boolean;
  /** 32 hexadecimal digits; empty if it never ran. */
  invocation: string;
  pid: number;
  result: string;
  code: number;
  status: number;
  environment: string[];
}

export const neverRan: FakeUnit = {
  active: 'inactive',
  job: false,
  invocation: '',
  pid: 0,
  result: 'success',
  code: 0,
  status: 0,
  environment: [],
};

interface Reply {
  signature: string;
  body: unknown[];
}

/**
 * A service manager as far as banger speaks to one. It does nothing by itself: a test says what becomes of the units, and
 * which signals are sent in which order.
 */
export class FakeManager {
  readonly units = new Map<string, FakeUnit>();
  /** All calls but those for properties: `Member(arguments)`. */
  readonly calls: string[] = [];
  /** Names of the properties of the units that were started, in order. */
  readonly started: string[][] = [];
  /** What happens when a unit is to be started, before the call is answered. */
  onStart: (unit: string) => void = () => undefined;
  #bus: Bus | undefined;
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  /** Takes the name on a connection of its own. */
  async appear(): Promise<void> {
    const bus = await Bus.connect(this.#address, 5_000);
    bus.serve((call) => this.#answer(bus, call));
    this.#bus = bus;
    await bus.requestName(systemdName);
  }

  /** Goes, as when it executes itself anew. */
  vanish(): void {
    this.#bus?.close();
  }

  /** Changes what a unit is, without telling anybody. */
  set(unit: string, change: Partial<FakeUnit>): void {
    this.units.set(unit, { ...(this.units.get(unit) ?? neverRan), ...change });
  }

  tellChanged(unit: string): void {
    this.#signal(unitPath(unit), 'org.freedesktop.DBus.Properties', 'PropertiesChanged', 'sa{sv}as', [
      'org.freedesktop.systemd1.Unit',
      {},
      [],
    ]);
  }

  tellJobRemoved(unit: string, result = 'done'): void {
    const job = `${systemdPath}/job/1`;
    this.#signal(systemdPath, managerInterface, 'JobRemoved', 'uoss', [1, job, unit, result]);
  }

  tellUnitRemoved(unit: string): void {
    this.#signal(systemdPath, managerInterface, 'UnitRemoved', 'so', [unit, unitPath(unit)]);
  }

  tellReloaded(): void {
    this.#signal(systemdPath, managerInterface, 'Reloading', 'b', [false]);
  }

  #signal(path: string, iface: string, member: string, signature: string, body: unknown[]): void {
    this.#bus?.send({ type: messageType.signal, path, interface: iface, member, signature }, body);
  }

  #answer(bus: Bus, call: Message): void {
    const to = { replySerial: call.serial, ...(call.sender ? { destination: call.sender } : {}) };
    try {
      const reply = call.member === 'Get' ? this.#property(call) : this.#call(call);
      bus.send({ ...to, type: messageType.reply, signature: reply.signature }, reply.body);
    } catch (error) {
      const errorName = error instanceof Error ? error.message : 'org.freedesktop.DBus.Error.Failed';
      bus.send({ ...to, type: messageType.error, errorName, signature: 's' }, ['refused']);
    }
  }

  #call({ member = '', body }: Message): Reply {
    const args = body();
    const name = String(args[0]);
    this.calls.push(`${member}(${member === 'StartTransientUnit' ? name : args.join()})`);
    const unit = this.units.get(name);
    switch (member) {
      case 'StartTransientUnit':
        if (unit) throw new Error(`${systemdName}.UnitExists`);
        this.started.push((args[2] as [string, unknown][]).map(([property]) => property));
        this.units.set(name, { ...neverRan, job: true });
        this.onStart(name);
        return { signature: 'o', body: [`${systemdPath}/job/1`] };
      case 'GetUnit':
      case 'KillUnit':
        if (!unit) throw new Error(`${systemdName}.NoSuchUnit`);
        return member === 'GetUnit'
          ? { signature: 'o', body: [unitPath(name)] }
          : { signature: '', body: [] };
      case 'ResetFailedUnit':
        this.units.delete(name);
        return { signature: '', body: [] };
      case 'ListUnitsByPatterns':
        return {
          signature: 'a(ssssssouso)',
          body: [[...this.units].map(([id, { active }]) => listed(id, active))],
        };
      default:
        return { signature: '', body: [] };
    }
  }

  #property({ path = '', body }: Message): Reply {
    const name = String(body()[1]);
    const [, unit = neverRan] = [...this.units].find(([id]) => unitPath(id) === path) ?? [];
    const values: Record<string, Typed> = {
      ActiveState: new Typed('s', unit.active),
      Job: new Typed('(uo)', [unit.job ? 1 : 0, '/']),
      InvocationID: new Typed('ay', [...Buffer.from(unit.invocation, 'hex')]),
      MainPID: new Typed('u', unit.active === 'active' ? unit.pid : 0),
      ExecMainPID: new Typed('u', unit.pid),
      Result: new Typed('s', unit.result),
      ExecMainCode: new Typed('i', unit.code),
      ExecMainStatus: new Typed('i', unit.status),
      Environment: new Typed('as', unit.environment),
    };
    const value = values[name];
    if (!value) throw new Error('org.freedesktop.DBus.Error.UnknownProperty');
    return { signature: 'v', body: [value] };
  }
}

function listed(id: string, active: string): unknown[] {
  return [id, '', 'loaded', active, '', '', unitPath(id), 0, '', '/'];
}
