import { localHost } from '../../client/local-host.ts';
import { findDaemonLog } from '../../client/logs/daemon-log.ts';
import { BangerError } from '../../common/errors.ts';
import { userPaths } from '../../common/paths.ts';
import { parseCount } from '../../common/units.ts';
import { BangerCommand, type CommandHelp, flag, valueOption } from '../command.ts';
import { follow } from '../logs/follow.ts';
import { LogDisplay, LogView } from '../logs/log-view.ts';
import { jsonLine } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { describeTerminal } from '../output/terminal.ts';
import { formatEntry } from './log-entry.ts';

export default class Logs extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    details: [
      'Shows what the daemon wrote down, one line each: time, level, message and what it is about; from the journal where systemd runs the daemon, else from the file that `banger daemon status` names. Starts no daemon. `BANGER_LOG_LEVEL` or `log_level` of the configuration says how much a daemon writes.',
    ],
    examples: [
      ['What happened last', 'daemon logs --lines 20'],
      ['Watch it work', 'daemon logs -f'],
      ['All that went wrong', "daemon logs --json | jq -r 'select(.level >= 50).msg'"],
    ],
  };

  follow = flag('-f,--follow', 'Go on with what comes, until Ctrl-C is pressed');
  lines = valueOption('-n,--lines', 'N', 'Only the last N lines; otherwise all');
  json = flag('--json', 'Print JSON, one object a line');

  async execute(): Promise<number> {
    const last = this.lines === undefined ? undefined : parseCount(this.lines, '--lines');
    const { source, parse, place } = await findDaemonLog(localHost, userPaths(), last);
    const terminal = describeTerminal(output.results);
    const view = new LogView({
      display: new LogDisplay({ titled: false }),
      source,
      title: 'log of the daemon',
      format: (line) => {
        const entry = parse(line.toString('utf8').trimEnd());
        return this.json ? jsonLine(entry) : formatEntry(entry, terminal);
      },
    });
    const begin = async () => {
      await view.begin(last, { goesOn: this.follow });
      return [view];
    };
    if (this.follow) return await follow(begin);
    await begin();
    if (source.seen) return 0;
    throw new BangerError('DaemonUnreachable', `there is no log at ${place}`, {
      remedy: 'a daemon writes one, and any command that needs it starts it',
    });
  }
}
