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
      'Runs the same checks that banger makes before it uses something, and names the command that fixes each problem: what fails first, then warnings, then what passes. The status is 1 if a check fails; warnings do not count as failures.',
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
      for (const check of checks.toSorted(byWeight)) result(line(check, terminal));
      result(`\n${summary(checks)}\n`);
    }
    return checks.some(({ status }) => status === 'fail') ? 1 : 0;
  }
}

type Check = RowsOf<'org.banger.Manager1'>['Doctor'];

/** What needs the reader first; of equals the order of the checks. */
const weights: readonly string[] = ['fail', 'warn', 'pass'];
const byWeight = (a: Check, b: Check) => weights.indexOf(a.status) - weights.indexOf(b.status);

function summary(checks: readonly Check[]): string {
  const count = (status: string) => checks.filter((check) => check.status === status).length;
  const [failed, warned] = [count('fail'), count('warn')];
  if (failed === 0 && warned === 0) return `all ${checks.length} checks passed`;
  return `${checks.length} checks: ${failed} failed, ${warned} with a warning`;
}

function line({ check, status, detail, remedy }: Check, terminal: Terminal): string {
  const style = styles[status];
  const mark = printable(status).padEnd(4);
  const first = `${style ? terminal.style(style, mark) : mark}  ${printable(check)}: ${printable(detail)}\n`;
  return remedy === '' || status === 'pass' ? first : `${first}      → ${printable(remedy)}\n`;
}
