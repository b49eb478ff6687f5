import { fstatSync } from 'node:fs';
import { printable } from '../common/text.ts';
import { errorFields, journalField } from '../logs/journal-fields.ts';

/** In UTF-16 units. */
const maxLine = 16 * 1024;
/** The name under which entries stand, as `journalctl -t` knows it. */
const identifier = 'bangerd';

/** An entry of the journal. */
export interface JournalEntry {
  priority: 'crit' | 'err' | 'warning' | 'info' | 'debug';
  message: string;
  fields: Record<string, string>;
}

/** Takes lines of the log as pino writes them. */
export type WriteLine = (line: string) => void;

/**
 * Checks whether a descriptor leads to the journal: it is the stream that systemd opened for us, and not a file or a
 * terminal to which somebody redirected it; systemd.exec(5), $JOURNAL_STREAM.
 */
export function isJournalStream(env: NodeJS.ProcessEnv, descriptor = 2): boolean {
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return env.JOURNAL_STREAM === `${dev}:${ino}`;
  } catch {
    // It is closed.
    return false;
  }
}

/**
 * Opens the journal for entries with fields. libsystemd sends each at once, so a daemon that is killed leaves its
 * last words.
 * @throws Error if the native part was not built
 */
export async function openJournal(): Promise<WriteLine> {
  const { default: journal } = await import('systemd-journald');
  return (line) => {
    const { priority, message, fields } = parseLogLine(line);
    journal[priority](message, fields);
  };
}

/** A line of pino's as an entry: the message for people, and what it is about in fields. */
export function parseLogLine(line: string): JournalEntry {
  const { level, msg, err, time: _time, pid: _pid, ...about } = JSON.parse(line) as Record<string, unknown>;
  const fields: Record<string, string> = { SYSLOG_IDENTIFIER: identifier };
  for (const [name, value] of Object.entries(about)) fields[journalField(name)] = textOf(value);
  let message = String(msg ?? '');
  if (typeof err === 'object' && err !== null) {
    const told = err as Record<string, unknown>;
    for (const [part, field] of Object.entries(errorFields)) {
      if (told[part] !== undefined) fields[field] = textOf(told[part]);
    }
    const why = textOf(told.message ?? '');
    // What pino has of an error ends with its causes.
    if (!message.includes(why)) message = why.startsWith(message) ? why : `${message}: ${why}`;
  }
  return { priority: priorityOf(Number(level)), message: shown(message), fields };
}

/** The message is what journalctl shows, a paragraph as it is; the fields have all exactly. */
function shown(message: string): string {
  return message
    .split('\n')
    .map((line) => printable(line, maxLine))
    .join('\n');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Pino's numbers: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
function priorityOf(level: number): JournalEntry['priority'] {
  if (level >= 60) return 'crit';
  if (level >= 50) return 'err';
  if (level >= 40) return 'warning';
  return level >= 30 ? 'info' : 'debug';
}
