import pino, { type Logger } from 'pino';
import { BangerError } from '../common/errors.ts';
import { logLevels } from '../config/config.ts';

/** Opens the daemon's log. Lines are written at once: a daemon that is killed leaves its last words. */
export function openLog(file: string, level: string): Logger {
  const destination = pino.destination({ dest: file, append: true, mkdir: false, mode: 0o600, sync: true });
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
