import { Client } from '../../client/client.ts';
import { printable } from '../../common/text.ts';
import { atLeastOne, BangerCommand, type CommandHelp, references } from '../command.ts';
import { each } from '../each.ts';
import { result } from '../output/report.ts';

export default class Remove extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF…',
    details: ['A kernel that an image or a VM uses is refused.'],
    examples: [['Free the space of a kernel', 'kernel rm debian-bookworm']],
  };

  refs = references();

  async execute(): Promise<number> {
    const refs = atLeastOne(this.refs, 'kernel');
    using client = await Client.connect();
    return await each(refs, String, async (ref) => {
      await client.kernel(await client.manager.call('GetKernel', ref)).call('Delete', {});
      result(`${printable(ref)} deleted\n`);
    });
  }
}
