import { BangerCommand, type CommandHelp, references } from '../command.ts';
import { onEach } from './lifecycle.ts';
import { stopTimeout, timeoutOption } from './stop.ts';
import { announceWarnings } from './warnings.ts';

export default class Restart extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF… [OPTIONS]',
    details: [
      'Powers off each VM as `vm stop` does and boots it again; a VM that is stopped is just booted. The disks stay as they are; what ran in the guest does not.',
      'Ctrl-C while it powers off lets it do so and leaves it stopped; while it boots, the boot is taken back.',
    ],
    examples: [
      ['Boot a VM again', 'vm restart web'],
      ['Give a VM more memory', 'vm stop web && banger vm set web --memory 4G && banger vm start web'],
      [
        'Restart several at once, and force those that take more than 10 seconds',
        'vm restart web db --timeout 10s',
      ],
    ],
  };

  timeout = timeoutOption();
  refs = references();

  execute(): Promise<number> {
    const options = stopTimeout(this.timeout);
    return onEach(this.refs, (vm) => vm.call('Restart', options), 'restarted', announceWarnings);
  }
}
