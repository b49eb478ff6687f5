import { runningDaemon } from '../../client/running.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatPairs } from '../output/table.ts';
import { describeTerminal } from '../output/terminal.ts';
import { isoTime, timeAndAge } from '../output/time.ts';

export default class Status extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    details: [
      'Does not start the daemon: every command that needs it does. The status is 1 if it does not run.',
    ],
    examples: [
      ['What runs, and where its log is', 'daemon status'],
      ['Call the daemon by other means', 'daemon status --json | jq -r .bus_address'],
    ],
  };

  json = flag('--json', 'Print JSON');

  async execute(): Promise<number> {
    using client = await runningDaemon();
    if (!client) {
      if (this.json) jsonResult({ running: false });
      else result('bangerd does not run; the next command that needs it starts it\n');
      return 1;
    }
    const status = await client.manager.call('DaemonStatus');
    const { started_at: startedAt, ...others } = status;
    const started = typeof startedAt === 'number' ? startedAt : 0;
    if (this.json) {
      jsonResult({ running: true, ...others, started_at: isoTime(started) });
      return 0;
    }
    const pairs: [string, string][] = [
      ['Started', timeAndAge(started)],
      ...Object.entries(others).map(([key, value]): [string, string] => [titleOf(key), String(value)]),
    ];
    result(formatPairs(pairs, describeTerminal(output.results)));
    return 0;
  }
}

/** `log_file` as `Log file`, `dns_address` as `DNS address`. */
function titleOf(key: string): string {
  const words = key.replaceAll('_', ' ').replace(/^(pid|dns)\b/, (short) => short.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}
