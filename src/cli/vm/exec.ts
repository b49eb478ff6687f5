import { guestCommand } from '../../common/ssh.ts';
import { Client } from '../client.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, notEmpty, valueOption } from '../command.ts';
import { Interrupts } from '../interrupts.ts';
import { connectionOf } from '../session/remote.ts';
import { ownFailureStatus, runSession } from '../session/session.ts';
import { UsageProblem } from '../usage.ts';

export default class Exec extends BangerCommand {
  static override readonly failureStatus = ownFailureStatus;
  static override readonly takesGuestCommand = true;
  static readonly help: CommandHelp = {
    synopsis: 'REF [OPTIONS] -- COMMAND…',
    details: [
      'The arguments arrive exactly as given, with no shell in between. The command gets a terminal if stdin and stdout are one. The status is that of the command: 128+n if a signal ended it, 125 if banger itself failed.',
    ],
    examples: [
      ['One command', 'vm exec web -- uname -a'],
      ['In the repository', 'vm exec web --cwd /root/repo -- make test'],
      ['Copy a file out', 'vm exec web -- cat /var/log/syslog > syslog'],
      ['Variables and pipes need a shell', "vm exec web -- sh -c 'echo $HOME | wc -c'"],
    ],
  };

  cwd = valueOption(
    '--cwd',
    'DIRECTORY',
    'The directory in the guest to run it in; otherwise the home directory',
  );
  ref = Option.String({ name: 'REF' });

  async execute(): Promise<number> {
    const command = this.guestCommand ?? [];
    if (command.length === 0) throw new UsageProblem('which command? give it after --');
    const remote = guestCommand(command, { cwd: notEmpty(this.cwd, '--cwd') });
    using interrupts = new Interrupts();
    using client = await Client.connect();
    const connection = await connectionOf(await client.findVm(this.ref));
    return await runSession(connection, remote, interrupts);
  }
}
