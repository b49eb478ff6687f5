import { userPaths } from '../../common/paths.ts';
import { printable } from '../../common/text.ts';
import { BangerCommand, type CommandHelp } from '../command.ts';
import { result } from '../output/report.ts';

export default class Path extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '',
    details: ['The file need not be there; banger works without one.'],
    examples: [['Where the settings are', 'config path']],
  };

  async execute(): Promise<undefined> {
    const { configFile } = await import('../../config/config.ts');
    result(`${printable(configFile(userPaths()))}\n`);
  }
}
