import { Client } from '../../client/client.ts';
import { followJob } from '../../client/job.ts';
import { BangerError } from '../../common/errors.ts';
import { printable } from '../../common/text.ts';
import { type CommandHelp, flag } from '../command.ts';
import { Interrupts } from '../interrupts.ts';
import { result } from '../output/report.ts';
import { announceLimits, type Creation, CreationCommand, makeVm } from './creation.ts';
import { announceLogout } from './logout.ts';

export default class Create extends CreationCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    details: [
      'Waits until the guest is ready and prints the name of the VM. What is not said comes from the configuration.',
    ],
    examples: [
      ['A VM with a made-up name', 'vm create'],
      ['A larger one with a name', 'vm create --name web --vcpu 4 --memory 4G --disk-size 40G'],
      ['Make it now, boot it later', 'vm create --name web --no-start'],
      ['Use it', 'vm ssh web'],
    ],
  };

  noStart = flag('--no-start', 'Make it and leave it stopped');

  async execute(): Promise<undefined> {
    const { name, options } = this.request();
    using interrupts = new Interrupts();
    using client = await Client.connect();
    const creation: Creation = { name };
    const { vm, properties } = await makeVm(
      client,
      { name, options: { ...options, start: !this.noStart } },
      creation,
      interrupts.signal,
    );
    if (interrupts.happened) {
      // The signal came when the work was already done.
      await followJob(client, () => vm.call('Delete', { force: true }));
      throw new BangerError('Cancelled', 'interrupted', { remedy: 'the VM was deleted again' });
    }
    if (!this.noStart) {
      announceLimits(properties);
      await announceLogout(client, creation.name);
    }
    result(`${printable(creation.name)}\n`);
  }
}
