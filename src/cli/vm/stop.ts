import type { OptionsOf } from '../../client/contract.ts';
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

  timeout = timeoutOption();
  refs = references();

  execute(): Promise<number> {
    const options = stopTimeout(this.timeout);
    return onEach(this.refs, (vm) => vm.call('Stop', options), 'stopped');
  }
}

/** Gets how long a guest has, of the commands that power it off. */
export function timeoutOption() {
  return valueOption('--timeout', 'SECONDS', 'How long a guest may take to power off; otherwise 90');
}

/** The option of Stop and Restart. @throws InvalidArgs */
export function stopTimeout(seconds: string | undefined): OptionsOf<'org.banger.VM1', 'Stop'> {
  return seconds === undefined ? {} : { timeout: parseCount(seconds, '--timeout') * 1_000_000 };
}
