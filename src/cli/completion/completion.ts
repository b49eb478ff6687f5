import { printable } from '../../common/text.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp } from '../command.ts';
import { result } from '../output/report.ts';
import { UsageProblem } from '../usage.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { powershellScript } from './powershell.ts';
import { zshScript } from './zsh.ts';

const scripts: Readonly<Record<string, string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

export default class Completion extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'bash|zsh|fish|powershell',
    details: [
      'Prints a script that teaches a shell to complete the commands, options and names of banger. It asks a daemon that runs for the names of VMs, images and kernels, and starts none. The head of each script says where to put it.',
    ],
    examples: [
      [
        'bash: for all sessions to come; without bash-completion, source it in ~/.bashrc',
        'completion bash > ~/.local/share/bash-completion/completions/banger',
      ],
      ['zsh: into a directory of $fpath, before compinit runs', 'completion zsh > ~/.zfunc/_banger'],
      ['fish', 'completion fish > ~/.config/fish/completions/banger.fish'],
      ['PowerShell', 'completion powershell >> $PROFILE'],
    ],
  };

  shell = Option.String({ name: 'SHELL' });

  async execute(): Promise<undefined> {
    const script = Object.hasOwn(scripts, this.shell) ? scripts[this.shell] : undefined;
    const known = Object.keys(scripts).join(', ');
    if (script === undefined)
      throw new UsageProblem(`no completion for ${printable(this.shell)}; there are ${known}`);
    result(script);
  }
}
