import { resolve } from 'node:path';
import { BangerError } from '../../common/errors.ts';
import { userPaths } from '../../common/paths.ts';
import { printable } from '../../common/text.ts';
import { currentDirectory } from '../../common/user.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, notEmpty } from '../command.ts';
import { result } from '../output/report.ts';

export default class Check extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[FILE]',
    details: [
      'Prints every error and every warning of the configuration on a line of its own. The status is 1 if there is an error; warnings do not count as failures. Needs no daemon.',
    ],
    examples: [
      ['Is my configuration sound?', 'config check'],
      ['Try another one before using it', 'config check ./config.toml'],
    ],
  };

  file = Option.String({ name: 'FILE', required: false });

  async execute(): Promise<number> {
    const { configFile, environmentProblem, readConfigFile } = await import('../../config/config.ts');
    const given = notEmpty(this.file, 'the file');
    const file = given === undefined ? configFile(userPaths()) : resolve(currentDirectory(), given);
    const found = await readConfigFile(file);
    if (!found.exists && given !== undefined) {
      throw new BangerError('InvalidConfig', `there is no file ${printable(file)}`, {
        remedy: 'give one that is there',
      });
    }
    const problems = [...found.problems, given === undefined ? environmentProblem() : undefined].filter(
      (problem) => problem !== undefined,
    );
    for (const problem of problems) result(`error: ${printable(problem)}\n`);
    for (const warning of found.warnings) result(`warning: ${printable(warning)}\n`);
    if (problems.length > 0) return 1;
    result(`ok: ${printable(file)}${found.exists ? '' : ' is not there, which is fine'}\n`);
    return 0;
  }
}
