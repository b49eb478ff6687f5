import { runningDaemon } from '../../client/running.ts';
import { BangerError } from '../../common/errors.ts';
import { socketIn, userPaths } from '../../common/paths.ts';
import { BangerCommand, type CommandHelp } from '../command.ts';
import { result } from '../output/report.ts';

export default class Socket extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '',
    details: [
      'The daemon serves HTTP there: /events, /metrics and /vms/REF/console, as with `curl --unix-socket "$(banger daemon socket)" http://banger/metrics`.',
      'This does not start the daemon: without one it prints where the next one will listen.',
    ],
    examples: [['The path, for curl or Prometheus', 'daemon socket']],
  };

  async execute(): Promise<undefined> {
    using client = await runningDaemon();
    const status = await client?.manager.call('DaemonStatus');
    const socket = status?.socket ?? socketIn(userPaths().runtime);
    if (socket === '') {
      throw new BangerError('HostNotReady', 'the daemon could not open its socket', {
        remedy: 'its log, which `banger daemon status` names, says why',
      });
    }
    result(`${socket}\n`);
  }
}
