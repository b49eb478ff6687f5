import type { VmUsage } from '../../client/usage.ts';
import { formatSize } from '../../common/units.ts';
import { shortDuration } from '../output/time.ts';

export const usageHeader = ['NAME', 'CPU', 'MEMORY', 'DISK', 'NET', 'UPTIME'];

export function usageAsRow({ name, state, memory, stats }: VmUsage): string[] {
  if (stats.uptime === undefined) return [name, state, '', sizes(stats.disk_allocated), '', ''];
  const { cpu, memory_used, memory_total, disk_allocated, net_received, net_sent, uptime } = stats;
  return [
    name,
    cpu === undefined ? '' : `${(cpu * 100).toFixed(1)}%`,
    sizes(memory_used, memory_total ?? memory),
    sizes(disk_allocated, sum(stats.disk_used, stats.system_used), sum(stats.disk_total, stats.system_total)),
    sizes(net_received, net_sent),
    shortDuration(uptime / 1_000_000),
  ];
}

export function usageAsJson({ id, name, state, stats }: VmUsage) {
  const known = (key: string) => stats[key] ?? null;
  const seconds = (key: string) => (stats[key] === undefined ? null : stats[key] / 1_000_000);
  return {
    name,
    id,
    state,
    cpu: known('cpu'),
    cpu_seconds: seconds('cpu_time'),
    uptime_seconds: seconds('uptime'),
    memory_resident: known('memory_resident'),
    memory_used: known('memory_used'),
    memory_total: known('memory_total'),
    disk_allocated: known('disk_allocated'),
    disk_used: known('disk_used'),
    disk_total: known('disk_total'),
    system_used: known('system_used'),
    system_total: known('system_total'),
    net_received: known('net_received'),
    net_sent: known('net_sent'),
    connections: known('connections'),
  };
}

function sizes(...values: (number | undefined)[]): string {
  return values.map((value) => (value === undefined ? '-' : formatSize(value))).join('/');
}

function sum(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : left + right;
}
