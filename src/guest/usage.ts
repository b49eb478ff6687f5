import { accepted, isWhole, malformed, readObject } from './agent.ts';
import type { AgentReply } from './reply.ts';
import { agentRequestRepeated, type CallOptions, type Connect } from './request.ts';

/** What the guest uses, as it tells itself: sizes in bytes, times in milliseconds since its boot. */
export interface Usage {
  uptimeMs: number;
  /** Of all its processors together. */
  cpu?: { busyMs: number; totalMs: number };
  memory?: { total: number; available: number };
  /** The file system of /root. */
  work?: { size: number; used: number };
  /** The file system of what was changed over the image. */
  system?: { size: number; used: number };
  network?: { received: number; sent: number };
  /** TCP connections into the guest. */
  connections: number;
}

/** More than the agent itself counts in its two tables. */
const maxConnections = 1_000_000;
/** How long a question that may be put again waits for its answer before it is. */
const resendMs = 500;

/**
 * Asks what the guest uses. Takes a connection of the query channel.
 * @throws GuestUnreachable, Timeout, Cancelled
 */
export async function usage(connect: Connect, options: CallOptions): Promise<Usage> {
  const request = { ...options, method: 'GET', path: '/stats' } as const;
  // Asked anew within its deadline: a question that comes as an earlier host's connection closes may be lost.
  return readUsage(accepted('GET /stats', await agentRequestRepeated(connect, request, resendMs)));
}

function readUsage(reply: AgentReply): Usage {
  const told = readObject('GET /stats', reply);
  const number = (key: string, most = Number.MAX_SAFE_INTEGER): number => {
    const value = told[key];
    if (!isWhole(value, most)) throw malformed('GET /stats');
    return value;
  };
  /** Two numbers that come together or not at all; the first is no more than the second. */
  const pair = (part: string, whole: string): [number, number] | undefined => {
    if (told[part] === undefined && told[whole] === undefined) return undefined;
    if (number(part) > number(whole)) throw malformed('GET /stats');
    return [number(part), number(whole)];
  };
  const cpu = pair('cpu_busy_ms', 'cpu_total_ms');
  const memory = pair('memory_available', 'memory_total');
  const work = pair('work_used', 'work_size');
  const system = pair('system_used', 'system_size');
  const hasNetwork = told.net_received !== undefined || told.net_sent !== undefined;
  return {
    uptimeMs: number('uptime_ms'),
    ...(cpu && { cpu: { busyMs: cpu[0], totalMs: cpu[1] } }),
    ...(memory && { memory: { available: memory[0], total: memory[1] } }),
    ...(work && { work: { used: work[0], size: work[1] } }),
    ...(system && { system: { used: system[0], size: system[1] } }),
    ...(hasNetwork && { network: { received: number('net_received'), sent: number('net_sent') } }),
    connections: number('connections', maxConnections),
  };
}
