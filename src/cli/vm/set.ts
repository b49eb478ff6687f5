import { BangerCommand, type CommandHelp, onOff, references, valueOption } from '../command.ts';
import { UsageProblem } from '../usage.ts';
import { onEach } from './lifecycle.ts';
import { sizeOptions } from './size.ts';

export default class SetSize extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF… OPTIONS',
    details: [
      'Changes what each VM is. CPUs and memory can be changed while it is stopped. Its disk can only grow, and does so while the VM runs, too: the guest has the room at once. Whether it reaches the outside can be changed at any time.',
    ],
    examples: [
      ['More room at /root, also while it runs', 'vm set web --disk-size 40G'],
      [
        'More CPUs and memory',
        'vm stop web && banger vm set web --vcpu 4 --memory 8G && banger vm start web',
      ],
      ['Nothing outside for what runs there now', 'vm set web --no-nat'],
      ['Several at once', 'vm set web db --disk-size 20G'],
    ],
  };

  vcpu = valueOption('--vcpu', 'N', 'Virtual CPUs; of a stopped VM');
  memory = valueOption('--memory', 'SIZE', 'Memory, such as 2G or 1536M; of a stopped VM');
  diskSize = valueOption(
    '--disk-size',
    'SIZE',
    'Size of the disk at /root, such as 20G; only more than it has',
  );
  nat = onOff('--nat', 'Whether the guest reaches the outside');
  refs = references();

  async execute(): Promise<number> {
    const options = { ...sizeOptions(this), ...(this.nat !== undefined && { nat: this.nat }) };
    if (Object.keys(options).length === 0) {
      throw new UsageProblem('what is to change? give --vcpu, --memory, --disk-size, --nat or --no-nat');
    }
    return await onEach(this.refs, (vm) => vm.call('Set', options), 'set');
  }
}
