import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { BangerError } from '../../common/errors.ts';
import { parseCount } from '../../common/units.ts';
import { Client, type Vm } from '../client.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, flag, valueOption } from '../command.ts';
import { follow } from '../logs/follow.ts';
import { legible } from '../logs/lines.ts';
import { LogFile } from '../logs/log-file.ts';
import { LogDisplay, LogView } from '../logs/log-view.ts';
import { report } from '../output/report.ts';

export default class Logs extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF [OPTIONS]',
    details: [
      'Shows the console of the guest, which is what its kernel and its init print, and then what the VMM said, if it said anything; also of a VM that is stopped or failed. Each start begins both anew, and a console of more than 8 MiB is emptied.',
      'What a terminal would obey is made harmless, and colours are left out; with --raw the bytes of the console, or of the VMM with --vmm, come as they are.',
    ],
    examples: [
      ['Why did it not boot?', 'vm logs web'],
      ['Watch it boot', 'vm logs web -f'],
      ['The last words of its VMM', 'vm logs web --vmm --lines 20'],
    ],
  };

  follow = flag('-f,--follow', 'Go on with what comes, until the VM is deleted or Ctrl-C is pressed');
  lines = valueOption('-n,--lines', 'N', 'Only the last N lines of each; otherwise all');
  vmm = flag('--vmm', 'Only what the VMM said');
  raw = flag('--raw', 'The bytes as they are; not for a terminal');
  ref = Option.String({ name: 'REF' });

  async execute(): Promise<number> {
    const last = this.lines === undefined ? undefined : parseCount(this.lines, '--lines');
    using client = await Client.connect();
    const vm = await client.findVm(this.ref);
    const [name, logs] = await Promise.all([vm.get('Name'), logsOf(vm)]);
    const views = this.#views(name, logs);
    for (const view of views) await view.begin(last, { goesOn: this.follow });
    if (this.follow) {
      const status = await follow(views, () => isDeleted(vm, logs.console));
      if (status === 0) report(`${name} was deleted`);
      return status;
    }
    if (views.some(({ source }) => source.seen)) return 0;
    throw new BangerError(
      'NotRunning',
      `${name} was never started and said nothing yet; start it with \`banger vm start ${name}\``,
    );
  }

  #views(name: string, logs: { console: string; vmm: string }): LogView[] {
    const display = new LogDisplay({ titled: !this.raw && !this.vmm });
    const format = this.raw ? (line: Buffer) => line : (line: Buffer) => `${legible(line)}\n`;
    const view = (path: string, title: string) =>
      new LogView({ display, source: new LogFile(path), title, format });
    const console = view(logs.console, `console of ${name}`);
    const vmm = view(logs.vmm, `VMM of ${name}`);
    if (this.vmm) return [vmm];
    return this.raw ? [console] : [console, vmm];
  }
}

async function logsOf(vm: Vm): Promise<{ console: string; vmm: string }> {
  const told: Record<string, unknown> = await vm.call('Logs');
  return { console: String(told.console_file), vmm: String(told.vmm_log_file) };
}

/** A VM keeps its directory, where its console is, until it is deleted; one that is just being made has none yet. */
async function isDeleted(vm: Vm, consoleFile: string): Promise<boolean> {
  if (existsSync(dirname(consoleFile))) return false;
  return await vm.get('State').then(
    () => false,
    () => true,
  );
}
