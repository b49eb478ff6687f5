import { Client } from '../../client/client.ts';
import { shellCommand } from '../../client/session/access.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp } from '../command.ts';
import { Interrupts } from '../interrupts.ts';
import { enter, hasTerminal, ownFailureStatus } from '../session/terminal-session.ts';
import { remind } from './reminder.ts';

export default class Ssh extends BangerCommand {
  static override readonly failureStatus = ownFailureStatus;
  static override readonly takesGuestCommand = true;
  static readonly help: CommandHelp = {
    synopsis: 'REF [-- COMMAND…]',
    details: [
      'Opens a login shell, or has one run the words after --, joined by spaces, as ssh does; `banger vm exec` passes arguments exactly as given instead. The status is that of the shell or command: 128+n if a signal ended it, 125 if banger itself failed.',
    ],
    examples: [
      ['A shell', 'vm ssh web'],
      ['A line for the shell of the guest', "vm ssh web -- 'cd repo && git status'"],
      ['Send a script', 'vm ssh web -- sh -s < setup.sh'],
    ],
  };

  ref = Option.String({ name: 'REF' });

  async execute(): Promise<number> {
    const words = this.guestCommand ?? [];
    using interrupts = new Interrupts();
    using client = await Client.connect();
    const vm = await client.findVm(this.ref);
    const isShell = words.length === 0;
    const command = isShell ? undefined : shellCommand(words);
    const status = await enter(client, vm, { command, isShell, readsStartFiles: true }, interrupts);
    if (isShell && hasTerminal()) await remind(vm);
    return status;
  }
}
