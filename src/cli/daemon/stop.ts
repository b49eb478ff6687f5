import { managerName } from '../../bus/interfaces.ts';
import { BangerError } from '../../common/errors.ts';
import { BangerCommand, type CommandHelp } from '../command.ts';
import { result } from '../output/report.ts';
import { runningDaemon } from './running.ts';

const stopMs = 20_000;
const stillThere = `the daemon has not ended within ${stopMs / 1000} s; see its log with \`banger daemon status\``;

export default class Stop extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '',
    details: [
      'Running VMs go on and are taken over by the next daemon, which starts by itself when it is needed. Refused while a job runs.',
    ],
    examples: [['End the daemon, as before an upgrade', 'daemon stop']],
  };

  async execute(): Promise<undefined> {
    using client = await runningDaemon();
    if (!client) {
      result('bangerd does not run\n');
      return;
    }
    const vanished = Promise.withResolvers<void>();
    // A private bus ends with its daemon.
    void client.bus.closed.then(vanished.resolve);
    await client.bus.watchName(managerName, vanished.resolve);
    const late = setTimeout(() => vanished.reject(new BangerError('Timeout', stillThere)), stopMs);
    await Promise.all([client.manager.call('Quit'), vanished.promise]);
    clearTimeout(late);
    result('bangerd stopped\n');
  }
}
