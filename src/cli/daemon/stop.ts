import { stopDaemon } from '../../client/stop-daemon.ts';
import { BangerCommand, type CommandHelp } from '../command.ts';
import { result } from '../output/report.ts';

export default class Stop extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '',
    details: [
      'Running VMs continue and are taken over by the next daemon, which starts by itself when it is needed. Refused while a job runs.',
    ],
    examples: [['End the daemon, as before an upgrade', 'daemon stop']],
  };

  async execute(): Promise<undefined> {
    result((await stopDaemon()) ? 'bangerd stopped\n' : 'bangerd does not run\n');
  }
}
