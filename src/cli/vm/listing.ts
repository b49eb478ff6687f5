import type { Listed } from '../../client/listing.ts';
import { formatSize } from '../../common/units.ts';
import { type Cell, formatTable } from '../output/table.ts';
import type { Style, Terminal } from '../output/terminal.ts';
import { age, isoTime } from '../output/time.ts';

const header = ['NAME', 'STATE', 'IMAGE', 'VCPU', 'MEMORY', 'DISK', 'ADDRESS', 'AGE'];
const stateStyles: Readonly<Record<string, Style>> = {
  running: 'green',
  failed: 'red',
  stopped: 'dim',
};
/** What is under way. */
const otherStates: Style = 'yellow';

export const noVms = 'there is no VM yet; `banger vm run` makes one';

export function vmAsJson([, name, id, state, image, vcpus, memory, diskSize, address, createdAt]: Listed) {
  const created_at = isoTime(createdAt);
  return { name, id, state, image, vcpus, memory, disk_size: diskSize, address, created_at };
}

export function vmTable(vms: readonly Listed[], terminal: Terminal): string {
  return formatTable(header, vms.map(rowOf), terminal);
}

function rowOf([, name, , state, image, vcpus, memory, diskSize, address, createdAt]: Listed): Cell[] {
  return [
    name,
    { text: state, style: stateStyles[state] ?? otherStates },
    image,
    String(vcpus),
    formatSize(memory),
    formatSize(diskSize),
    address,
    age(createdAt),
  ];
}
