import { Client } from '../../client/client.ts';
import { parseJournalEntry } from '../../client/logs/journal.ts';
import { openVmLogs, type VmLogs } from '../../client/logs/vm-logs.ts';
import { BangerError } from '../../common/errors.ts';
import { parseCount } from '../../common/units.ts';
import type { LogSource } from '../../logs/log-file.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, flag, valueOption } from '../command.ts';
import { follow } from '../logs/follow.ts';
import { legible } from '../logs/lines.ts';
import { LogDisplay, LogView } from '../logs/log-view.ts';
import { report } from '../output/report.ts';
import { localTime } from '../output/time.ts';

export default class Logs extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF [OPTIONS]',
    details: [
      'Shows the console of the guest, which is what its kernel and its init print, and then what the VMM said, if it said anything; also of a VM that is stopped or failed. Each start begins both anew, and a console of more than 8 MiB is emptied. Where VMs are units of systemd, what the journal has of this one since its last start comes next.',
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
    const logs = await openVmLogs(client, vm);
    const { name } = logs;
    const display = new LogDisplay({ titled: !this.raw && !this.vmm });
    const begin = async () => {
      const views = this.#views(logs, display);
      for (const view of views) await view.begin(last, { goesOn: this.follow });
      const journal = this.raw || this.vmm ? undefined : journalView(logs, display);
      if (journal && (await begins(journal, last, this.follow))) views.push(journal);
      return views;
    };
    if (this.follow) {
      const status = await follow(begin, () => logs.isDeleted());
      if (status === 0) report(`${name} was deleted`);
      return status;
    }
    const views = await begin();
    if (views.some(({ source }) => source.seen)) return 0;
    throw new BangerError('NotRunning', `${name} was never started and said nothing yet`, {
      remedy: `start it with \`banger vm start ${name}\``,
    });
  }

  #views(logs: VmLogs, display: LogDisplay): LogView[] {
    const format = this.raw ? (line: Buffer) => line : (line: Buffer) => `${legible(line)}\n`;
    const view = (source: LogSource, title: string) => new LogView({ display, source, title, format });
    const console = view(logs.console, `console of ${logs.name}`);
    const vmm = view(logs.vmm, `VMM of ${logs.name}`);
    if (this.vmm) return [vmm];
    return this.raw ? [console] : [console, vmm];
  }
}

/** The view of a VM's journal; nothing where the VM is no unit. */
function journalView({ name, journal: source }: VmLogs, display: LogDisplay): LogView | undefined {
  return source && new LogView({ display, source, title: `journal of ${name}`, format: journalLine });
}

/** Shows what the journal has so far. @returns whether there is a journal that can be read */
async function begins(journal: LogView, last: number | undefined, goesOn: boolean): Promise<boolean> {
  try {
    await journal.begin(last, { goesOn });
    return true;
  } catch (error) {
    // Its VMM's file has what matters of it; a container may have systemd and no journal.
    if (error instanceof BangerError && error.code === 'HostNotReady') return false;
    throw error;
  }
}

/** An entry of the journal as a line: when, who, what. */
function journalLine(line: Buffer): string {
  const entry = parseJournalEntry(line.toString('utf8'));
  if (!entry) return '';
  const who = entry.fields.SYSLOG_IDENTIFIER ?? '-';
  return `${legible(Buffer.from(`${localTime(new Date(entry.time))} ${who}: ${entry.message}`))}\n`;
}
