import { BangerCommand, type CommandHelp, references } from '../command.ts';
import { onEach } from './lifecycle.ts';
import { announceWarnings } from './warnings.ts';

export default class Start extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF…',
    details: ['Boots each VM and waits until its guest is ready. A VM that runs already is left alone.'],
    examples: [
      ['Boot one VM', 'vm start web'],
      ['Boot several at once', 'vm start web db'],
    ],
  };

  refs = references();

  execute(): Promise<number> {
    return onEach(this.refs, (vm) => vm.call('Start', {}), 'started', announceWarnings);
  }
}
