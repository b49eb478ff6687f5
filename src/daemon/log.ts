import { openSync, writeSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { BangerError, getMessage } from '../common/errors.ts';
import { visibleJson } from '../common/text.ts';
import { logLevels } from '../config/table.ts';
import { isJournalStream, openJournal, type WriteLine } from '../systemd/journal.ts';

/** The daemon's log, and where it is read. */
export interface DaemonLog {
  log: Logger;
  /** The file; nothing where it is the journal. */
  file: string | undefined;
  /** What a person is told to look at: the file, or a command. */
  place: string;
}

/**
 * Opens the daemon's log: the journal if standard error leads there, else a file. What is said is written at once:
 * a daemon that is killed leaves its last words.
 */
export async function openLog(file: string, level: string): Promise<DaemonLog> {
  let failure: string | undefined;
  if (isJournalStream(process.env)) {
    try {
      const log = pinoTo(await openJournal(), level);
      return { log, file: undefined, place: 'journalctl --user -u bangerd' };
    } catch (error) {
      failure = getMessage(error);
    }
  }
  const log = pinoTo(openFile(file), level);
  if (failure !== undefined) {
    log.error(
      `the journal has no entries of bangerd, they are here: systemd-journald was not built (${failure}); run \`make build\` in the checkout, or install banger again`,
    );
  }
  return { log, file, place: file };
}

function pinoTo(writeLine: WriteLine, level: string): Logger {
  const destination = {
    write(line: string) {
      try {
        writeLine(visibleJson(line));
      } catch {
        // What a full disk keeps from the log must not keep the daemon from its work. (Pino's own file would
        // throw, or at a fatal line try again for ever.)
      }
    },
  };
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

function openFile(file: string): WriteLine {
  const fd = openSync(file, 'a', 0o600);
  return (line) => writeSync(fd, line);
}

/** @throws InvalidArgs for a level that there is not */
export function setLogLevel(log: Logger, level: string): void {
  if (!logLevels.some((known) => known === level)) {
    throw new BangerError('InvalidArgs', `no log level ${JSON.stringify(level)}`, {
      remedy: `there are: ${logLevels.join(', ')}`,
    });
  }
  log.level = level;
}

/** Calls back when the level of a log has changed, by a client or by a reload. */
export function onLogLevel(log: Logger, listener: () => void): void {
  // Loggers made from this one tell theirs here, too, and each that is set to what it was.
  log.on('level-change', (level, _value, previous, _previousValue, changed) => {
    if (changed === log && level !== previous) listener();
  });
}
