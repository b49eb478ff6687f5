import { Client } from '../../client/client.ts';
import { listVms } from '../../client/listing.ts';
import { printable } from '../../common/text.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, report, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { describeTerminal } from '../output/terminal.ts';
import { UsageProblem } from '../usage.ts';
import { noVms, vmAsJson, vmTable } from './listing.ts';

export default class List extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    details: [
      'Also called `banger vm ls`. With --watch the table stays on the terminal and follows every change until Ctrl-C is pressed.',
    ],
    examples: [
      ['All VMs', 'vm list'],
      ['See them come and go', 'vm list --watch'],
      ['The names of those that run', 'vm list --json | jq -r \'.[] | select(.state == "running").name\''],
      ['Do something with each', 'vm list -q | xargs banger vm stop'],
    ],
  };

  watch = flag('-w,--watch', 'Show it live, on a terminal');
  quiet = flag('-q,--quiet', 'Print the names only');
  json = flag('--json', 'Print JSON');

  async execute(): Promise<number> {
    if (Number(this.watch) + Number(this.quiet) + Number(this.json) > 1)
      throw new UsageProblem('--watch, --quiet and --json exclude each other');
    const terminal = describeTerminal(output.results);
    if (this.watch && !terminal.live)
      throw new UsageProblem('--watch needs a terminal that can draw; print the list once without it');
    using client = await Client.connect();
    if (this.watch) {
      const { drawVms } = await import('./watch.ts');
      return await drawVms(client, terminal);
    }
    const vms = await listVms(client);
    if (this.json) jsonResult(vms.map(vmAsJson));
    else if (this.quiet) result(vms.map(({ name }) => `${printable(name)}\n`).join(''));
    else if (vms.length === 0) report(noVms);
    else result(vmTable(vms, terminal));
    return 0;
  }
}
