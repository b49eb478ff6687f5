import { Client } from '../../client/client.ts';
import { formatSize } from '../../common/units.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, report, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatTable } from '../output/table.ts';
import { terminalOf } from '../output/terminal.ts';
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
    const images = await client.manager.call('ListImages');
    if (this.json) {
      jsonResult(
        images.map(([, name, id, kernel, size, createdAt]) => ({
          name,
          id,
          kernel,
          size,
          created_at: isoTime(createdAt),
        })),
      );
    } else if (images.length === 0) {
      report(
        'there is no image yet; `banger image pull debian-bookworm` makes one, and so does `banger vm run`',
      );
    } else {
      const rows = images.map(([, name, id, kernel, size, createdAt]) => [
        name,
        id,
        kernel,
        formatSize(size),
        age(createdAt),
      ]);
      result(formatTable(header, rows, terminalOf(output.results)));
    }
  }
}
