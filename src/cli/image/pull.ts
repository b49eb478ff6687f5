import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp } from '../command.ts';
import { pull } from '../pull.ts';

export default class Pull extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'NAME',
    details: [
      'The image is made on this machine from the packages of its distribution, which takes some minutes and a network. One that is here already is left as it is.',
    ],
    examples: [['Make the default image before the first sandbox', 'image pull debian-bookworm']],
  };

  imageName = Option.String({ name: 'NAME' });

  execute(): Promise<undefined> {
    return pull(this.imageName, (manager, name) => manager.call('PullImage', name, {}));
  }
}
