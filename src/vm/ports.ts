import { setImmediate as turn } from 'node:timers/promises';
import type { ListeningPort } from '../guest/agent.ts';
import { listPorts } from '../guest/agent.ts';
import { guestNetwork } from '../network/addresses.ts';
import { findHolder } from '../network/holder.ts';
import type { GuestPort, PortForwards } from '../network/port-forwards.ts';
import { detectWebScheme } from '../network/web.ts';
import type { Vm } from '../store/vm.ts';
import { getAgent } from './agent.ts';
import { isReachable, type ReachableVm } from './connection.ts';
import { getVm, type VmContext } from './context.ts';
import { getLiveNetwork } from './network.ts';

/** Why a port of a guest is not reached from the host. */
export const portObstacles = ['guest-only', 'privileged', 'taken', 'too-many', 'no-forwards'] as const;
export type PortObstacle = (typeof portObstacles)[number];

/** What listens in a guest, and how it is reached from the host. What the guest tells is not to be trusted. */
export interface PortView extends ListeningPort {
  /** Where the host reaches it; absent where it does not. */
  host?: { address: string; port: number };
  obstacle?: PortObstacle;
  /** Who has the port on the host instead, if that is known. */
  takenBy?: string;
  /** Which kind of web server it is, if it was asked and is one. */
  scheme?: 'http' | 'https';
}

/** A guest may have any number of listeners; nobody looks at more forwards than this. */
const maxForwards = 64;
/** To find who has a port takes a look at every process of the host. */
const maxHolders = 8;
const sshPort = 22;
/** Nobody unprivileged can bind those below on the host. */
const minPort = 1024;
/** Who asks now and then need not wait for a guest that is slow; who asks for it does. */
const pollTimeoutMs = 2_000;
const tellTimeoutMs = 10_000;

/** Looks what listens in guests, and has it reached from the host as long as it does. */
export class Ports {
  readonly #contextOf: (id: string) => VmContext;
  /** The last look at each VM: two at once would take the same port twice. */
  readonly #looking = new Map<string, Promise<unknown>>();

  constructor(contextOf: (id: string) => VmContext) {
    this.#contextOf = contextOf;
  }

  /**
   * What listens in a guest now. Forwards are made and withdrawn accordingly.
   * @throws NotRunning, GuestUnreachable, Timeout
   */
  look(id: string, guestTimeoutMs = pollTimeoutMs): Promise<PortView[]> {
    const before = this.#looking.get(id) ?? Promise.resolve();
    const look = before.catch(() => undefined).then(() => lookAt(this.#contextOf(id), guestTimeoutMs));
    const settled = look.then(
      () => undefined,
      () => undefined,
    );
    this.#looking.set(id, settled);
    void settled.then(() => {
      if (this.#looking.get(id) === settled) this.#looking.delete(id);
    });
    return look;
  }

  /**
   * As `look`, with all that can be found out for people: which are web servers, for which it may take 3 s more,
   * and who has the ports that are taken.
   */
  async tell(id: string): Promise<PortView[]> {
    const views = await this.look(id, tellTimeoutMs);
    const vm = getVm(this.#contextOf(id));
    let [asked, held] = [0, 0];
    return await Promise.all(
      views.map(async (view) => {
        const { host, protocol, port, obstacle } = view;
        if (obstacle === 'taken') {
          if (++held > maxHolders) return view;
          await turn();
          return { ...view, ...holder(view, vm) };
        }
        if (!host || protocol !== 'tcp' || port === sshPort || ++asked > maxForwards) return view;
        const scheme = await detectWebScheme(host.address, host.port);
        return scheme === '' ? view : { ...view, scheme };
      }),
    );
  }
}

async function lookAt(context: VmContext, timeoutMs: number): Promise<PortView[]> {
  context.host.vms.getRunning(context.id);
  const { connect, budget } = getAgent(context, 'query');
  const { ports } = await listPorts(connect, { timeoutMs, budget });
  return await viewPorts(merged(ports), getVm(context), getLiveNetwork(context)?.forwards);
}

/**
 * How listeners of a guest are reached from the host, once what is to be forwarded is.
 * @param forwards of the VM's network, if it has some
 */
export async function viewPorts(
  listeners: readonly ListeningPort[],
  vm: Vm,
  forwards: PortForwards | undefined,
): Promise<PortView[]> {
  if (!isReachable(vm)) return listeners.map((port) => ({ ...port, obstacle: 'no-forwards' }));
  if (vm.run?.network === 'bridge') return listeners.map((port) => direct(port, vm));
  const eligible = listeners.filter((port) => isForOthers(port, vm) && port.port >= minPort);
  const wanted = distinct(eligible).slice(0, maxForwards);
  const bound = await forwards?.settle(wanted);
  return listeners.map((port) => forwarded(port, vm, { wanted, bound }));
}

function direct(port: ListeningPort, vm: ReachableVm): PortView {
  if (!isForOthers(port, vm)) return { ...port, obstacle: 'guest-only' };
  return { ...port, host: { address: vm.ssh.address, port: port.port } };
}

function forwarded(
  port: ListeningPort,
  vm: ReachableVm,
  { wanted, bound }: { wanted: readonly GuestPort[]; bound: readonly GuestPort[] | undefined },
): PortView {
  if (!isForOthers(port, vm)) return { ...port, obstacle: 'guest-only' };
  if (port.protocol === 'tcp' && port.port === sshPort) return { ...port, host: vm.ssh };
  if (!bound) return { ...port, obstacle: 'no-forwards' };
  if (port.port < minPort) return { ...port, obstacle: 'privileged' };
  if (bound.some((other) => isSame(other, port)))
    return { ...port, host: { address: vm.ssh.address, port: port.port } };
  if (!wanted.some((other) => isSame(other, port))) return { ...port, obstacle: 'too-many' };
  return { ...port, obstacle: 'taken' };
}

function holder({ protocol, port }: GuestPort, { ssh }: Vm): { takenBy?: string } {
  if (protocol === 'tcp' && port === ssh?.port) return { takenBy: "this VM's ssh" };
  const found = ssh && findHolder(protocol, ssh.address, port);
  return found ? { takenBy: `${found.name} (pid ${found.pid})` } : {};
}

/** Checks whether a listener is one for others than the guest itself. */
function isForOthers({ address }: ListeningPort, vm: ReachableVm): boolean {
  const own = vm.run?.network === 'bridge' ? vm.ssh.address : guestNetwork.address;
  return ['0.0.0.0', '::', own, `::ffff:${own}`].includes(address);
}

function isSame(a: GuestPort, b: GuestPort): boolean {
  return a.protocol === b.protocol && a.port === b.port;
}

function distinct(ports: readonly GuestPort[]): GuestPort[] {
  const each = new Map(ports.map(({ protocol, port }) => [`${protocol} ${port}`, { protocol, port }]));
  return [...each.values()];
}

/** The listeners of which a server has one for each version of IP as one, in order of their ports. */
export function merged(ports: readonly ListeningPort[]): ListeningPort[] {
  const kept = new Map<string, ListeningPort>();
  for (const port of ports) {
    const key = `${port.protocol} ${port.port} ${port.owner?.pid ?? ''} ${scopeOf(port.address)}`;
    // The one for IPv4 comes first, and is how it is reached.
    if (!kept.has(key)) kept.set(key, port);
  }
  return [...kept.values()].sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
}

/** What the addresses of a dual-stack listener have in common. */
function scopeOf(address: string): string {
  if (address === '0.0.0.0' || address === '::') return 'all';
  return address.startsWith('127.') || address === '::1' ? 'loopback' : address;
}
