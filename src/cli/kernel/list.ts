import { Client } from '../../client/client.ts';
import { fromRow } from '../../client/contract.ts';
import { formatSize } from '../../common/units.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, report, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatTable } from '../output/table.ts';
import { describeTerminal } from '../output/terminal.ts';
import { age, isoTime } from '../output/time.ts';

const header = ['NAME', 'ID', 'RELEASE', 'SIZE', 'AGE'];

export default class List extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    examples: [
      ['The kernels that are here', 'kernel list'],
      ['Their names', "kernel list --json | jq -r '.[].name'"],
    ],
  };

  json = flag('--json', 'Print JSON');

  async execute(): Promise<undefined> {
    using client = await Client.connect();
    const rows = await client.manager.call('ListKernels');
    const kernels = rows.map((row) => fromRow('org.banger.Manager1', 'ListKernels', row));
    if (this.json) {
      jsonResult(
        kernels.map(({ path: _, created_at, ...kernel }) => ({ ...kernel, created_at: isoTime(created_at) })),
      );
    } else if (kernels.length === 0) {
      report(
        'there is no kernel yet; `banger kernel pull debian-bookworm` makes one, and so does `banger vm run`',
      );
    } else {
      const cells = kernels.map(({ name, id, release, size, created_at }) => [
        name,
        id,
        release,
        formatSize(size),
        age(created_at),
      ]);
      result(formatTable(header, cells, describeTerminal(output.results)));
    }
  }
}
