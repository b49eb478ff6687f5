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
      ['All about an image', 'image show debian-bookworm'],
      ['Its digest', 'image show debian-bookworm --json | jq -r .digest'],
    ],
  };

  json = flag('--json', 'Print JSON');
  ref = Option.String({ name: 'REF' });

  async execute(): Promise<undefined> {
    using client = await Client.connect();
    const image = await client.image(await client.manager.call('GetImage', this.ref)).getAll();
    if (this.json) {
      jsonResult({
        name: image.Name,
        id: image.Id,
        kernel: image.Kernel,
        distribution: image.Distribution,
        architecture: image.Architecture,
        size: image.Size,
        digest: image.Digest,
        created_at: isoTime(image.CreatedAt),
      });
      return;
    }
    const pairs: [string, string][] = [
      ['Name', image.Name],
      ['Id', image.Id],
      ['Kernel', image.Kernel],
      ['Distribution', image.Distribution],
      ['Architecture', image.Architecture],
      ['Size', formatSize(image.Size)],
      ['Digest', image.Digest],
      ['Created', timeAndAge(image.CreatedAt)],
    ];
    result(formatPairs(pairs, describeTerminal(output.results)));
  }
}
