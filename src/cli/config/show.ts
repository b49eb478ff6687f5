import { userPaths } from '../../common/paths.ts';
import type { Setting } from '../../config/settings.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, report, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatTable } from '../output/table.ts';
import { describeTerminal } from '../output/terminal.ts';

export default class Show extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    details: [
      'Prints every setting with the value that is in effect and where it came from: the configuration file, the environment, the size of this host, or banger itself. Needs no daemon.',
    ],
    examples: [
      ['What new VMs are like here, and why', 'config show'],
      ['One setting, for a script', 'config show --json | jq -r \'.[] | select(.key == "vmm").value\''],
    ],
  };

  json = flag('--json', 'Print JSON');

  async execute(): Promise<undefined> {
    const { settingsInEffect, formatSource } = await import('../../config/settings.ts');
    const { settings, warnings } = await settingsInEffect(userPaths());
    if (this.json) {
      jsonResult(settings.map((setting) => ({ ...setting, place: setting.place ?? null })));
      return;
    }
    const rows = settings.flatMap((setting) =>
      linesOf(setting).map(([key, value]) => [key, value, formatSource(setting)]),
    );
    // Nothing is cut to the terminal's width: a place without its line would say nothing.
    const terminal = { ...describeTerminal(output.results), columns: () => undefined };
    result(formatTable(['KEY', 'VALUE', 'FROM'], rows, terminal));
    for (const warning of warnings) report(`warning: ${warning}`);
  }
}

/** A setting as one line, and a list of tables as one for each. */
function linesOf({ key, value }: Setting): [key: string, value: string][] {
  if (!Array.isArray(value)) return [[key, value === null ? '' : String(value)]];
  const elements = value.map((element: (typeof value)[number]) =>
    typeof element === 'string'
      ? element
      : `${element.host} → ${element.guest}${element.mode === undefined ? '' : ` (${element.mode})`}`,
  );
  if (key !== 'file_sync' || elements.length === 0) return [[key, elements.join(', ')]];
  return elements.map((text, index) => [`${key}[${index}]`, text]);
}
