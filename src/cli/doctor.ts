import { Client } from '../client/client.ts';
import { fromRow, type RowsOf } from '../client/contract.ts';
import { printable } from '../common/text.ts';
import { BangerCommand, type CommandHelp, flag } from './command.ts';
import { jsonResult, result } from './output/report.ts';
import { output } from './output/streams.ts';
import type { Style, Terminal } from './output/terminal.ts';
import { describeTerminal } from './output/terminal.ts';

/** Some checks run programs and boot a probe guest. */
const timeoutMs = 120_000;
const styles: Record<string, Style> = { pass: 'green', warn: 'yellow', fail: 'red' };

export default class Doctor extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    details: [
      'Runs the same checks that banger makes before it uses something, and names the command that fixes each problem. The status is 1 if a check fails; warnings do not count as failures.',
    ],
    examples: [
      ['Check this machine', 'doctor'],
      ['What fails, for a script', 'doctor --json | jq -r \'.[] | select(.status == "fail").check\''],
    ],
  };

  json = flag('--json', 'Print JSON');

  async execute(): Promise<number> {
    using client = await Client.connect();
    const rows = await client.managerWith({ timeoutMs }).call('Doctor');
    const checks = rows.map((row) => fromRow('org.banger.Manager1', 'Doctor', row));
    if (this.json) {
      jsonResult(checks);
    } else {
      const terminal = describeTerminal(output.results);
      for (const check of checks) result(line(check, terminal));
    }
    return checks.some(({ status }) => status === 'fail') ? 1 : 0;
  }
}

function line(
  { check, status, detail, remedy }: RowsOf<'org.banger.Manager1'>['Doctor'],
  terminal: Terminal,
): string {
  const style = styles[status];
  const mark = printable(status).padEnd(4);
  const first = `${style ? terminal.style(style, mark) : mark}  ${printable(check)}: ${printable(detail)}\n`;
  return remedy === '' || status === 'pass' ? first : `${first}      → ${printable(remedy)}\n`;
}
