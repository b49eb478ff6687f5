import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Commands, type UserName, uids } from './commands.ts';

/** An entry of the journal: its fields. See systemd.journal-fields(7). */
export type JournalEntry = Readonly<Record<string, string>>;

/** Which entries: all that are given must hold. */
export interface JournalQuery {
  /** Of this user's processes. */
  user?: UserName;
  /** Fields and the values they have. */
  fields?: Readonly<Record<string, string>>;
  /** Of all boots and not of this one alone. */
  allBoots?: boolean;
}

/** The entries of the journal, oldest first, with all that was logged before this call. */
export async function readJournal(host: Commands, query: JournalQuery): Promise<JournalEntry[]> {
  await host.rootSays('journalctl', '--sync');
  const fields = { ...(query.user ? { _UID: `${uids[query.user]}` } : {}), ...query.fields };
  const lines = await host.rootSays(
    ...['journalctl', '--quiet', '--no-pager', '--all', '--output=json'],
    ...(query.allBoots ? [] : ['--boot']),
    ...Object.entries(fields).map(([name, value]) => `${name}=${value}`),
  );
  return lines.split('\n').filter(Boolean).map(toEntry);
}

/** Writes what is known of a host to files, for who looks at a failure. */
export async function writeJournals(host: Commands, directory: string, console: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await host.rootSays('journalctl', '--sync');
  const commands = {
    'journal.txt': ['journalctl', '--no-pager', '--all', '--output=short-precise'],
    'units.txt': ['systemctl', 'list-units', '--all', '--no-pager'],
    'processes.txt': ['ps', '-eo', 'pid,ppid,user,stat,lstart,cgroup,args', '--forest'],
  };
  for (const [file, argv] of Object.entries(commands)) {
    writeFileSync(join(directory, file), (await host.asRoot(argv)).stdout);
  }
  writeFileSync(join(directory, 'console.txt'), console);
}

/** A field is a text, a list of bytes if it is no UTF-8, or a list of those if it was given more than once. */
function toEntry(line: string): JournalEntry {
  const entry: Record<string, unknown> = JSON.parse(line);
  return Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  const isBytes = value.every((each) => typeof each === 'number');
  return isBytes ? Buffer.from(value).toString('utf8') : value.map(textOf).join('\n');
}
