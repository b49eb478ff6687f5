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

export function vmAsJson({ path: _, created_at, ...vm }: Listed) {
  return { ...vm, created_at: isoTime(created_at) };
}

export function vmTable(vms: readonly Listed[], terminal: Terminal): string {
  return formatTable(header, vms.map(rowOf), terminal);
}

function rowOf({ name, state, image, vcpus, memory, disk_size, address, created_at }: Listed): Cell[] {
  return [
    name,
    { text: state, style: stateStyles[state] ?? otherStates },
    image,
    String(vcpus),
    formatSize(memory),
    formatSize(disk_size),
    address,
    age(created_at),
  ];
}
