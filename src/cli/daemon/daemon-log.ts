import { statSync } from 'node:fs';
import { execute } from '../../common/exec.ts';
import { errorFields, logName } from '../../common/journal-fields.ts';
import { daemonLogFile, type Paths } from '../../common/paths.ts';
import { JournalLog, journalCommand, parseJournalEntry, unitMatches } from '../logs/journal.ts';
import { LogFile, type LogSource } from '../logs/log-file.ts';
import { type LogEntry, parseEntry } from './log-entry.ts';

const unit = 'bangerd.service';
const lookTimeoutMs = 10_000;

/** The daemon's log, wherever a daemon last wrote it. */
export interface DaemonLog {
  source: LogSource;
  /** What its lines say. */
  parse: (line: string) => LogEntry;
  /** For messages. */
  place: string;
}

/**
 * Finds the log: the journal, where systemd runs the daemon, or a file. A host may have both, so the one that was
 * written last is it.
 * @param lines how many of the last entries are of interest; all where absent
 */
export async function findDaemonLog(paths: Paths, lines: number | undefined): Promise<DaemonLog> {
  const file = daemonLogFile(paths.state);
  const fileTime = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  const journalTime = await lastInJournal();
  if (journalTime !== undefined && journalTime > (fileTime ?? 0)) {
    const source = new JournalLog(unitMatches(unit), lines === undefined ? {} : { lines });
    return { source, parse: parseJournalLine, place: 'the journal' };
  }
  return { source: new LogFile(file), parse: parseEntry, place: file };
}

/** When the journal last heard of the daemon, in milliseconds since the epoch; nothing without such a journal. */
async function lastInJournal(): Promise<number | undefined> {
  const command = journalCommand(unitMatches(unit), { lines: 1 });
  const outcome = await execute({ ...command, timeoutMs: lookTimeoutMs }).catch(() => undefined);
  const entry = parseJournalEntry(outcome?.stdout.trim() ?? '');
  return entry && Date.parse(entry.time);
}

/** Pino's level for each priority of syslog. */
const levels = [60, 60, 60, 50, 40, 30, 30, 20] as const;

/** An entry of the journal as the daemon's file would have it. */
function parseJournalLine(line: string): LogEntry {
  const entry = parseJournalEntry(line);
  if (!entry) return { msg: line };
  const { time, priority, message, fields } = entry;
  const about = Object.entries(fields).flatMap(([field, value]): [string, unknown][] => {
    const name = logName(field);
    if (name === undefined) return [];
    return [[name, /^\d{1,15}$/.test(value) && name === 'job' ? Number(value) : value]];
  });
  const error = Object.entries(errorFields).flatMap(([part, field]) =>
    fields[field] === undefined ? [] : [[part, fields[field]]],
  );
  return {
    level: levels[priority] ?? 30,
    time,
    pid: Number(fields._PID),
    ...Object.fromEntries(about),
    ...(error.length > 0 && { err: Object.fromEntries(error) }),
    msg: message,
  };
}
