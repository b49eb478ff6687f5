import { Client } from '../../client/client.ts';
import { printable } from '../../common/text.ts';
import { atLeastOne, BangerCommand, type CommandHelp, references } from '../command.ts';
import { each } from '../each.ts';
import { result } from '../output/report.ts';

export default class Delete extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF…',
    details: ['An image that a VM was made from is refused.'],
    examples: [['Free the space of an image', 'image delete debian-bookworm']],
  };

  refs = references();

  async execute(): Promise<number> {
    const refs = atLeastOne(this.refs, 'image');
    using client = await Client.connect();
    return await each(refs, String, async (ref) => {
      await client.image(await client.manager.call('GetImage', ref)).call('Delete', {});
      result(`${printable(ref)} deleted\n`);
    });
  }
}
