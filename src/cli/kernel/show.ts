import { Client } from '../../client/client.ts';
import { formatSize } from '../../common/units.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatPairs } from '../output/table.ts';
import { describeTerminal } from '../output/terminal.ts';
import { isoTime, timeAndAge } from '../output/time.ts';

export default class Show extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF [OPTIONS]',
    examples: [
      ['All about a kernel', 'kernel show debian-bookworm'],
      ['What `uname -r` says in its guests', 'kernel show debian-bookworm --json | jq -r .release'],
    ],
  };

  json = flag('--json', 'Print JSON');
  ref = Option.String({ name: 'REF' });

  async execute(): Promise<undefined> {
    using client = await Client.connect();
    const kernel = await client.kernel(await client.manager.call('GetKernel', this.ref)).getAll();
    if (this.json) {
      jsonResult({
        name: kernel.Name,
        id: kernel.Id,
        release: kernel.Release,
        size: kernel.Size,
        digest: kernel.Digest,
        created_at: isoTime(kernel.CreatedAt),
      });
      return;
    }
    const pairs: [string, string][] = [
      ['Name', kernel.Name],
      ['Id', kernel.Id],
      ['Release', kernel.Release],
      ['Size', formatSize(kernel.Size)],
      ['Digest', kernel.Digest],
      ['Created', timeAndAge(kernel.CreatedAt)],
    ];
    result(formatPairs(pairs, describeTerminal(output.results)));
  }
}
