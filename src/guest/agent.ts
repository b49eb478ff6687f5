import { isIP } from 'node:net';
import { BangerError } from '../common/errors.ts';
import { foreignWords, printable } from '../common/text.ts';
import type { AgentReply } from './reply.ts';
import { agentRequest, agentRequestRepeated, type CallOptions, type Connect } from './request.ts';

/** How the guest is. */
export interface Health {
  /** The agent's version. */
  version: string;
  /** Whether sshd accepts connections and the network is up. */
  ready: boolean;
  ssh: boolean;
  network: boolean;
  uptimeMs: number;
  bootId?: string;
}

/** A socket that listens in the guest, with the process that holds it, if that is known. */
export interface ListeningPort {
  protocol: 'tcp' | 'udp';
  address: string;
  port: number;
  owner?: { pid: number; process: string; command: string };
}

const resendMs = 1_000;
/** The agent tells no more. */
const maxPorts = 1_024;

/**
 * Waits until the guest is ready; may be called before it boots. Takes a connection of the control channel.
 * @throws Timeout, Cancelled, GuestUnreachable if the reply is not one
 */
export async function waitReady(connect: Connect, options: CallOptions): Promise<Health> {
  const request = { ...options, method: 'GET', path: '/healthz?wait=ready' } as const;
  return readHealth(accepted('GET /healthz', await agentRequestRepeated(connect, request, resendMs)));
}

/** Asks how the guest is. @throws GuestUnreachable, Timeout, Cancelled */
export async function health(connect: Connect, options: CallOptions): Promise<Health> {
  const request = { ...options, method: 'GET', path: '/healthz' } as const;
  return readHealth(accepted('GET /healthz', await agentRequest(connect, request)));
}

/**
 * What listens in the guest. Takes a connection of the query channel.
 * @returns the listeners, and whether there were more than the agent tells
 * @throws GuestUnreachable, Timeout, Cancelled
 */
export async function listPorts(
  connect: Connect,
  options: CallOptions,
): Promise<{ ports: ListeningPort[]; truncated: boolean }> {
  const request = { ...options, method: 'GET', path: '/ports' } as const;
  const reply = readObject('GET /ports', accepted('GET /ports', await agentRequest(connect, request)));
  const { ports, truncated } = reply;
  if (!Array.isArray(ports) || ports.length > maxPorts || typeof truncated !== 'boolean') {
    throw malformed('GET /ports');
  }
  return { ports: ports.map(readPort), truncated };
}

/**
 * Asks the guest to power off or to restart. It has only begun to when this returns. Takes a connection of
 * the control channel.
 * @throws GuestUnreachable, Timeout, Cancelled
 */
export async function powerOff(
  connect: Connect,
  options: CallOptions,
  action: 'poweroff' | 'reboot' = 'poweroff',
): Promise<void> {
  const request = {
    ...options,
    method: 'POST',
    path: '/shutdown',
    body: JSON.stringify({ action }),
  } as const;
  accepted('POST /shutdown', await agentRequest(connect, request));
}

/**
 * Sets the guest's clock, which stands still while its host is suspended. Takes a connection of the control
 * channel.
 * @param unixNs nanoseconds since 1970
 * @throws GuestUnreachable, Timeout, Cancelled
 */
export async function setClock(connect: Connect, options: CallOptions, unixNs: bigint): Promise<void> {
  const request = { ...options, method: 'POST', path: '/clock', body: `{"unix_ns":${unixNs}}` } as const;
  accepted('POST /clock', await agentRequest(connect, request));
}

/**
 * Makes the file systems of the VM's own disks as large as their devices, while they are in use. Takes a
 * connection of the query channel.
 * @param bytes the sizes that the devices have or are just given
 * @throws GuestUnreachable with the guest's reason if it refuses, Timeout, Cancelled
 */
export async function growFileSystems(
  connect: Connect,
  options: CallOptions,
  { system, work }: { system: number; work: number },
): Promise<void> {
  const request = {
    ...options,
    method: 'POST',
    path: '/grow',
    body: JSON.stringify({ system, work }),
  } as const;
  accepted('POST /grow', await agentRequest(connect, request));
}

/** The reply, if it is a good one. @param name of the request. @throws GuestUnreachable */
export function accepted(name: string, reply: AgentReply): AgentReply {
  if (reply.status >= 200 && reply.status < 300) return reply;
  const reason = isObject(reply.body) && typeof reply.body.error === 'string' ? reply.body.error : '';
  throw new BangerError('GuestUnreachable', `the guest agent refused ${name} with status ${reply.status}`, {
    details: foreignWords(reason, 200),
  });
}

/** What stands in the body of a reply. @throws GuestUnreachable if it is no object */
export function readObject(name: string, reply: AgentReply): Record<string, unknown> {
  if (!isObject(reply.body)) throw malformed(name);
  return reply.body;
}

function readHealth(reply: AgentReply): Health {
  const { version, ready, ssh, network, uptime_ms, boot_id } = readObject('GET /healthz', reply);
  if (
    typeof version !== 'string' ||
    typeof ready !== 'boolean' ||
    typeof ssh !== 'boolean' ||
    typeof network !== 'boolean' ||
    !isWhole(uptime_ms, Number.MAX_SAFE_INTEGER) ||
    (boot_id !== undefined && typeof boot_id !== 'string')
  ) {
    throw malformed('GET /healthz');
  }
  const told = { version: printable(version, 64), ready, ssh, network, uptimeMs: uptime_ms };
  return boot_id === undefined ? told : { ...told, bootId: printable(boot_id, 64) };
}

function readPort(value: unknown): ListeningPort {
  if (!isObject(value)) throw malformed('GET /ports');
  const { protocol, address, port, pid, process, command } = value;
  if (
    (protocol !== 'tcp' && protocol !== 'udp') ||
    typeof address !== 'string' ||
    !isIP(address) ||
    !isWhole(port, 65_535)
  ) {
    throw malformed('GET /ports');
  }
  const told: ListeningPort = { protocol, address: printable(address), port };
  if (pid === undefined) return told;
  if (!isWhole(pid, 0x7fff_ffff) || typeof process !== 'string' || typeof command !== 'string') {
    throw malformed('GET /ports');
  }
  return { ...told, owner: { pid, process: printable(process, 64), command: printable(command, 512) } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Checks whether a value is a whole number from 0 to a bound. */
export function isWhole(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
}

/** The error for a reply that the agent would not give. @param name of the request */
export function malformed(name: string): BangerError {
  return new BangerError('GuestUnreachable', `the guest agent answered ${name} with what is not an answer`, {
    remedy: 'the guest may have replaced it',
  });
}
