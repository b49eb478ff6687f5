import type { OptionsOf } from '../../client/contract.ts';
import { BangerCommand, type CommandHelp, references, valueOption } from '../command.ts';
import { parseTimeout } from '../timeout.ts';
import { onEach } from './lifecycle.ts';

export default class Stop extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF… [OPTIONS]',
    details: [
      'Asks each guest to power off and forces it when the time is over. Its disks stay as they are.',
    ],
    examples: [
      ['Stop one VM', 'vm stop web'],
      ['Stop several at once, and wait at most 10 seconds for each', 'vm stop web db --timeout 10s'],
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
  return valueOption(
    '--timeout',
    'DURATION',
    'How long a guest may take to power off, such as 10s; otherwise 90s',
  );
}

/** The option of Stop and Restart. @throws InvalidArgs */
export function stopTimeout(given: string | undefined): OptionsOf<'org.banger.VM1', 'Stop'> {
  return given === undefined ? {} : { timeout: parseTimeout(given) * 1000 };
}
