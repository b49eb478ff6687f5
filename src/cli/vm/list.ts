import { formatSize } from '../../common/units.ts';
import { Client } from '../client.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, report, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatTable } from '../output/table.ts';
import { terminalOf } from '../output/terminal.ts';
import { age, isoTime } from '../output/time.ts';

const header = ['NAME', 'STATE', 'IMAGE', 'VCPU', 'MEMORY', 'DISK', 'ADDRESS', 'AGE'];

export default class List extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    details: ['Also called `banger vm ls`.'],
    examples: [
      ['All VMs', 'vm list'],
      ['The names of those that run', 'vm list --json | jq -r \'.[] | select(.state == "running").name\''],
    ],
  };

  json = flag('--json', 'Print JSON');

  async execute(): Promise<undefined> {
    using client = await Client.connect();
    const vms = await client.manager.call('ListVMs');
    vms.sort(([, left], [, right]) => (left < right ? -1 : 1));
    if (this.json) jsonResult(vms.map(vmAsJson));
    else if (vms.length === 0) report('there is no VM yet; `banger vm run` makes one');
    else result(formatTable(header, vms.map(vmAsRow), terminalOf(output.results)));
  }
}

/** A VM as ListVMs tells it. */
type Listed = [
  path: string,
  name: string,
  id: string,
  state: string,
  image: string,
  vcpus: number,
  memory: number,
  diskSize: number,
  address: string,
  createdAt: number,
];

function vmAsJson([, name, id, state, image, vcpus, memory, diskSize, address, createdAt]: Listed) {
  const created_at = isoTime(createdAt);
  return { name, id, state, image, vcpus, memory, disk_size: diskSize, address, created_at };
}

function vmAsRow([, name, , state, image, vcpus, memory, diskSize, address, createdAt]: Listed): string[] {
  return [
    name,
    state,
    image,
    String(vcpus),
    formatSize(memory),
    formatSize(diskSize),
    address,
    age(createdAt),
  ];
}
