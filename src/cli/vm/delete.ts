import { isatty } from 'node:tty';
import { atLeastOne, BangerCommand, type CommandHelp, flag, references } from '../command.ts';
import { confirm } from '../output/confirm.ts';
import { report } from '../output/report.ts';
import { onEach } from './lifecycle.ts';

export default class Delete extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF… [OPTIONS]',
    details: [
      'Removes each VM with everything on its disks. Asks first on a terminal. A VM that runs is refused unless --force is given.',
    ],
    examples: [
      ['Delete a stopped VM', 'vm delete web'],
      ['Delete several, running or not, without a question', 'vm delete --force --yes web db'],
    ],
  };

  yes = flag('-y,--yes', 'Do not ask');
  force = flag('-f,--force', 'Delete a VM that runs');
  refs = references();

  async execute(): Promise<number> {
    const refs = atLeastOne(this.refs, 'VM');
    const asks = !this.yes && isatty(0) && isatty(2);
    if (asks && !(await confirm(`Delete ${refs.join(', ')} and everything on the disks?`))) {
      report('nothing was deleted');
      return 1;
    }
    return onEach(refs, (vm) => vm.call('Delete', { force: this.force }), 'deleted');
  }
}
