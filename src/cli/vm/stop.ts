import { parseCount } from '../../common/units.ts';
import { BangerCommand, type CommandHelp, references, valueOption } from '../command.ts';
import { onEach } from './lifecycle.ts';

export default class Stop extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF… [OPTIONS]',
    details: [
      'Asks each guest to power off and forces it when the time is over. Its disks stay as they are.',
    ],
    examples: [
      ['Stop one VM', 'vm stop web'],
      ['Stop several at once, and wait at most 10 seconds for each', 'vm stop web db --timeout 10'],
    ],
  };

  timeout = valueOption('--timeout', 'SECONDS', 'How long a guest may take to power off; otherwise 90');
  refs = references();

  execute(): Promise<number> {
    const options =
      this.timeout === undefined ? {} : { timeout: parseCount(this.timeout, '--timeout') * 1_000_000 };
    return onEach(this.refs, (vm) => vm.call('Stop', options), 'stopped');
  }
}
