import { Client } from '../../client/client.ts';
import { formatMemory, formatSize } from '../../common/units.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatPairs } from '../output/table.ts';
import { describeTerminal } from '../output/terminal.ts';
import { isoTime, timeAndAge } from '../output/time.ts';
import { startAsJson, startAsPairs } from './starts.ts';

export default class Show extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF [OPTIONS]',
    details: ['Also shows how long each stage of the last start took, and why it failed, if it did.'],
    examples: [
      ['All about a VM', 'vm show web'],
      ['One field of it', 'vm show web --json | jq -r .state'],
      ['How long its starts took, the last one first', "vm show web --json | jq '.starts[].seconds'"],
    ],
  };

  json = flag('--json', 'Print JSON');
  ref = Option.String({ name: 'REF' });

  async execute(): Promise<undefined> {
    using client = await Client.connect();
    const object = await client.findVm(this.ref);
    const [vm, starts] = await Promise.all([object.getAll(), object.call('Starts')]);
    if (this.json) {
      jsonResult({
        name: vm.Name,
        id: vm.Id,
        state: vm.State,
        image: vm.Image,
        kernel: vm.Kernel,
        vcpus: vm.VCPUs,
        memory: vm.Memory,
        disk_size: vm.DiskSize,
        address: vm.Address,
        host_name: vm.HostName,
        network: vm.Network,
        wanted_network: vm.WantedNetwork,
        nat: vm.NAT,
        reasons: vm.Reasons,
        vmm: vm.VMM,
        accelerator: vm.Accelerator,
        unit: vm.Unit,
        created_at: isoTime(vm.CreatedAt),
        started_at: isoTime(vm.StartedAt),
        last_error: vm.LastError,
        starts: starts.map(startAsJson),
        warnings: vm.Warnings,
      });
      return;
    }
    const pairs: [string, string][] = [
      ['Name', vm.Name],
      ['Id', vm.Id],
      ['State', vm.State],
      ['Image', vm.Image],
      ['Kernel', vm.Kernel],
      ['vCPUs', String(vm.VCPUs)],
      ['Memory', formatMemory(vm.Memory)],
      ['Disk size', formatSize(vm.DiskSize)],
      ['Address', vm.Address],
      ['Host name', vm.HostName],
      ['Network', withReason(networkOf(vm), vm.Reasons.network)],
      ['NAT', vm.NAT ? 'on' : 'off'],
      ['VMM', vmmOf(vm)],
      ['Unit', vm.Unit],
      ['Created', timeAndAge(vm.CreatedAt)],
      ['Started', timeAndAge(vm.StartedAt)],
      ['Last error', vm.LastError],
      ...(vm.Warnings.length > 0 ? vm.Warnings : ['']).map((text): [string, string] => ['Warnings', text]),
      ...starts.slice(0, 1).flatMap(startAsPairs),
    ];
    result(formatPairs(pairs, describeTerminal(output.results)));
  }
}

/** The network that a VM has; of a stopped one, what it is to have. */
function networkOf({ Network, WantedNetwork }: { Network: string; WantedNetwork: string }): string {
  return Network === '' ? `${WantedNetwork} (when it runs)` : Network;
}

/** What a VM runs in; of a stopped one, what it ran in last, and will again. */
function vmmOf({
  VMM,
  Accelerator,
  Reasons,
}: {
  VMM: string;
  Accelerator: string;
  Reasons: Record<string, string>;
}): string {
  if (VMM === '') return 'picked at its first start';
  return withReason(Accelerator === '' ? VMM : `${VMM} with ${Accelerator}`, Reasons.vmm);
}

function withReason(what: string, reason = ''): string {
  return reason === '' ? what : `${what} (${reason})`;
}
