import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp } from '../command.ts';
import { pull } from '../pull.ts';

export default class Pull extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'NAME',
    details: [
      "The kernel is taken from the package of its distribution and joined with banger's own initrd. One that is here already is left as it is.",
    ],
    examples: [['Make the default kernel before the first sandbox', 'kernel pull debian-bookworm']],
  };

  kernelName = Option.String({ name: 'NAME' });

  execute(): Promise<undefined> {
    return pull(this.kernelName, (manager, name) => manager.call('PullKernel', name, {}));
  }
}
