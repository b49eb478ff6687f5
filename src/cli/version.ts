import manifest from '../../package.json' with { type: 'json' };
import { BangerCommand, type CommandHelp } from './command.ts';
import { result } from './output/report.ts';

export default class Version extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '',
    details: ['`banger daemon status` prints the version of the daemon that runs.'],
    examples: [['Which banger is this?', 'version']],
  };

  async execute(): Promise<undefined> {
    result(`banger ${manifest.version}\n`);
  }
}
