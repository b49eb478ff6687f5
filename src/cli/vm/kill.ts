import { printable } from '../../common/text.ts';
import { BangerCommand, type CommandHelp, notEmpty, references, valueOption } from '../command.ts';
import { onEach } from './lifecycle.ts';

export default class Kill extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF… [OPTIONS]',
    details: [
      'Sends a signal to the VMM of each VM, without asking its guest: KILL is to the guest as if its power failed. What it had not yet written to its disks is lost; `vm stop` loses nothing. Also ends a VM whose start or stop hangs.',
      'KILL, TERM, INT, HUP and QUIT end the VMM, and this waits until it has ended. STOP freezes the VM until CONT; until then, what needs its guest is refused.',
    ],
    examples: [
      ['End a VM at once, whatever it does', 'vm kill web'],
      ['Freeze a VM, which then needs no CPU', 'vm kill web --signal STOP'],
      ['Continue it', 'vm kill web --signal CONT'],
      ['End several', 'vm kill web db'],
    ],
  };

  signal = valueOption('-s,--signal', 'SIGNAL', 'KILL, TERM, INT, HUP, QUIT, STOP or CONT; otherwise KILL');
  refs = references();

  execute(): Promise<number> {
    const signal = notEmpty(this.signal, '--signal');
    const done =
      signal === undefined ? 'killed' : `was sent ${printable(signal.toUpperCase().replace(/^SIG/, ''))}`;
    return onEach(this.refs, (vm) => vm.call('Kill', signal ?? 'KILL', {}), done);
  }
}
