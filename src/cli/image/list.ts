import { Client } from '../../client/client.ts';
import { fromRow } from '../../client/contract.ts';
import { formatSize } from '../../common/units.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, report, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatTable } from '../output/table.ts';
import { describeTerminal } from '../output/terminal.ts';
import { age, isoTime } from '../output/time.ts';

const header = ['NAME', 'ID', 'KERNEL', 'SIZE', 'AGE'];

export default class List extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    examples: [
      ['The images that are here', 'image list'],
      ['Their names', "image list --json | jq -r '.[].name'"],
    ],
  };

  json = flag('--json', 'Print JSON');

  async execute(): Promise<undefined> {
    using client = await Client.connect();
    const rows = await client.manager.call('ListImages');
    const images = rows.map((row) => fromRow('org.banger.Manager1', 'ListImages', row));
    if (this.json) {
      jsonResult(
        images.map(({ path: _, created_at, ...image }) => ({ ...image, created_at: isoTime(created_at) })),
      );
    } else if (images.length === 0) {
      report(
        'there is no image yet; `banger image pull debian-bookworm` makes one, and so does `banger vm run`',
      );
    } else {
      const cells = images.map(({ name, id, kernel, size, created_at }) => [
        name,
        id,
        kernel,
        formatSize(size),
        age(created_at),
      ]);
      result(formatTable(header, cells, describeTerminal(output.results)));
    }
  }
}
