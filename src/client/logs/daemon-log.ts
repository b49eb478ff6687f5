import { daemonLogFile, type Paths } from '../../common/paths.ts';
import { errorFields, logName } from '../../logs/journal-fields.ts';
import type { LogSource } from '../../logs/log-file.ts';
import type { HostFacts } from '../host-facts.ts';
import { parseJournalEntry, unitMatches } from './journal.ts';

const unit = 'bangerd.service';

/** One line of the daemon's log. */
export type LogEntry = Record<string, unknown>;

/** The daemon's log, wherever a daemon last wrote it. */
export interface FoundLog {
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
export async function findDaemonLog(
  host: HostFacts,
  paths: Paths,
  lines: number | undefined,
): Promise<FoundLog> {
  const file = daemonLogFile(paths.state);
  const fileTime = (await host.findChangeTime(file)) ?? 0;
  const lastEntry = await host.findLastEntry(unitMatches(unit));
  if (lastEntry && Date.parse(lastEntry.time) > fileTime) {
    const source = await host.openJournal(unitMatches(unit), lines === undefined ? {} : { lines });
    return { source, parse: parseJournalLine, place: 'the journal' };
  }
  return { source: await host.openLog(file), parse: parseLine, place: file };
}

/** Reads a line of the file. One that is none of pino's, as of a daemon killed while it wrote, is its own message. */
function parseLine(line: string): LogEntry {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) return { ...entry };
  } catch {
    // As below.
  }
  return { msg: line };
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
