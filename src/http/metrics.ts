import type { Usage } from '../guest/usage.ts';
import type { Sample, Samples } from '../monitor/samples.ts';
import type { Vm } from '../store/vm.ts';
import { getVmState } from '../vm/operation/state.ts';
import { type Family, formatMetrics, type Labels } from './openmetrics.ts';

/** Where the last figures are. */
export type LastSamples = Pick<Samples, 'latest' | 'latestOfGuest'>;

interface Seen {
  sample: Sample | undefined;
  guest: Usage | undefined;
}

type Figure = Omit<Family, 'samples'> & { of: (seen: Seen) => number | undefined };

/** What is told of each VM that runs, as it was last seen. */
const figures: readonly Figure[] = [
  seconds('counter', 'cpu_seconds', 'CPU time of the host since the start', ({ sample }) =>
    divided(sample?.host.cpuTimeUs, 1e6),
  ),
  seconds('gauge', 'uptime_seconds', 'Time since the start', ({ sample }) =>
    divided(sample?.host.uptimeUs, 1e6),
  ),
  bytes('gauge', 'memory_resident_bytes', 'Memory of the host', ({ sample }) => sample?.host.residentBytes),
  bytes(
    'gauge',
    'disk_allocated_bytes',
    'Space of the disks on the host',
    ({ sample }) => sample?.diskAllocated,
  ),
  seconds(
    'counter',
    'guest_cpu_seconds',
    'CPU time that the guest spent, all processors together',
    ({ guest }) => divided(guest?.cpu?.busyMs, 1e3),
  ),
  bytes('gauge', 'guest_memory_total_bytes', 'Memory of the guest', ({ guest }) => guest?.memory?.total),
  bytes(
    'gauge',
    'guest_memory_available_bytes',
    'Memory that programs of the guest can still have',
    ({ guest }) => guest?.memory?.available,
  ),
  bytes('gauge', 'guest_disk_total_bytes', 'File system of /root', ({ guest }) => guest?.work?.size),
  bytes(
    'gauge',
    'guest_disk_used_bytes',
    'Used of the file system of /root',
    ({ guest }) => guest?.work?.used,
  ),
  bytes(
    'gauge',
    'guest_system_total_bytes',
    'File system over the image',
    ({ guest }) => guest?.system?.size,
  ),
  bytes(
    'gauge',
    'guest_system_used_bytes',
    'Used of the file system over the image',
    ({ guest }) => guest?.system?.used,
  ),
  bytes(
    'counter',
    'guest_network_received_bytes',
    'Received on eth0',
    ({ guest }) => guest?.network?.received,
  ),
  bytes('counter', 'guest_network_sent_bytes', 'Sent on eth0', ({ guest }) => guest?.network?.sent),
  {
    name: 'banger_vm_guest_connections',
    type: 'gauge',
    help: 'TCP connections into the guest',
    of: ({ guest }) => guest?.connections,
  },
];

/** The last figures of each VM as OpenMetrics. */
export function vmMetrics(vms: readonly Vm[], samples: LastSamples): string {
  const isRunning = (vm: Vm) => getVmState(vm) === 'running';
  const running: Family = {
    name: 'banger_vm_running',
    type: 'gauge',
    help: 'Whether the VM runs',
    samples: vms.map((vm) => [labelsOf(vm), isRunning(vm) ? 1 : 0]),
  };
  const seen = vms
    .filter(isRunning)
    .map((vm) => [vm, { sample: samples.latest(vm.id), guest: samples.latestOfGuest(vm.id) }] as const);
  const families = figures.map(({ of, ...family }): Family => {
    const values = seen.map(([vm, each]) => [labelsOf(vm), of(each)] as const);
    return { ...family, samples: values.filter((each): each is [Labels, number] => each[1] !== undefined) };
  });
  return formatMetrics([running, ...families]);
}

function labelsOf({ name, id }: Vm): Labels {
  return { name, id };
}

function seconds(type: Family['type'], name: string, help: string, of: Figure['of']): Figure {
  return { name: `banger_vm_${name}`, type, unit: 'seconds', help, of };
}

function bytes(type: Family['type'], name: string, help: string, of: Figure['of']): Figure {
  return { name: `banger_vm_${name}`, type, unit: 'bytes', help, of };
}

function divided(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by;
}
