import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Client, type Vm } from '../../client/client.ts';
import { BangerError } from '../../common/errors.ts';
import { journalField } from '../../common/journal-fields.ts';
import { parseCount } from '../../common/units.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, flag, valueOption } from '../command.ts';
import { follow } from '../logs/follow.ts';
import { JournalLog, parseJournalEntry, unitMatches } from '../logs/journal.ts';
import { legible } from '../logs/lines.ts';
import { LogFile } from '../logs/log-file.ts';
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
    const [name, logs, since] = await Promise.all([vm.get('Name'), placesOf(vm), lastStartOf(vm)]);
    const display = new LogDisplay({ titled: !this.raw && !this.vmm });
    const begin = async () => {
      const views = this.#views(name, logs, display);
      for (const view of views) await view.begin(last, { goesOn: this.follow });
      const journal = this.raw || this.vmm ? undefined : journalView(name, logs, since, display);
      if (journal && (await begins(journal, last, this.follow))) views.push(journal);
      return views;
    };
    if (this.follow) {
      const status = await follow(begin, () => isDeleted(vm, logs.console));
      if (status === 0) report(`${name} was deleted`);
      return status;
    }
    const views = await begin();
    if (views.some(({ source }) => source.seen)) return 0;
    throw new BangerError(
      'NotRunning',
      `${name} was never started and said nothing yet; start it with \`banger vm start ${name}\``,
    );
  }

  #views(name: string, logs: Places, display: LogDisplay): LogView[] {
    const format = this.raw ? (line: Buffer) => line : (line: Buffer) => `${legible(line)}\n`;
    const view = (path: string, title: string) =>
      new LogView({ display, source: new LogFile(path), title, format });
    const console = view(logs.console, `console of ${name}`);
    const vmm = view(logs.vmm, `VMM of ${name}`);
    if (this.vmm) return [vmm];
    return this.raw ? [console] : [console, vmm];
  }
}

/** Where the words of a VM are; no unit where it is a plain process. */
interface Places {
  console: string;
  vmm: string;
  unit: string;
  id: string;
}

async function placesOf(vm: Vm): Promise<Places> {
  const [told, id] = await Promise.all([vm.call('Logs'), vm.get('Id')]);
  const { console_file, vmm_log_file, unit }: Record<string, unknown> = told;
  return { console: String(console_file), vmm: String(vmm_log_file), unit: String(unit ?? ''), id };
}

/** When a VM was last started, in microseconds since the epoch. */
async function lastStartOf(vm: Vm): Promise<number | undefined> {
  const [last] = await vm.call('Starts');
  return last?.[0];
}

/** What systemd, the VMM and bangerd have told the journal of a VM; nothing where it is no unit. */
function journalView(
  name: string,
  { unit, id }: Places,
  since: number | undefined,
  display: LogDisplay,
): LogView | undefined {
  if (unit === '') return undefined;
  // Of a process that ended before the journal looked at it, it knows the identifier and not the unit.
  const identifier = unit.replace(/\.service$/, '');
  const others = [`SYSLOG_IDENTIFIER=${identifier}`, `${journalField('vm')}=${id}`];
  const matches = [...unitMatches(unit), ...others.flatMap((match) => ['+', match])];
  const source = new JournalLog(matches, since === undefined ? {} : { since });
  return new LogView({ display, source, title: `journal of ${name}`, format: journalLine });
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

/** A VM keeps its directory, where its console is, until it is deleted; one that is just being made has none yet. */
async function isDeleted(vm: Vm, consoleFile: string): Promise<boolean> {
  if (existsSync(dirname(consoleFile))) return false;
  return await vm.get('State').then(
    () => false,
    () => true,
  );
}
