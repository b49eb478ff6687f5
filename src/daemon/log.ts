import { openSync, writeSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { BangerError } from '../common/errors.ts';
import { logLevels } from '../config/config.ts';

/** Opens the daemon's log. Lines are written at once: a daemon that is killed leaves its last words. */
export function openLog(file: string, level: string): Logger {
  const fd = openSync(file, 'a', 0o600);
  const destination = {
    write(line: string) {
      try {
        writeSync(fd, line);
      } catch {
        // What a full disk keeps from the log must not keep the daemon from its work. (Pino's own file would
        // throw, or at a fatal line try again for ever.)
      }
    },
  };
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** @throws InvalidArgs for a level that there is not */
export function setLogLevel(log: Logger, level: string): void {
  if (!logLevels.some((known) => known === level)) {
    throw new BangerError(
      'InvalidArgs',
      `no log level ${JSON.stringify(level)}; there are: ${logLevels.join(', ')}`,
    );
  }
  log.level = level;
}
