import { BangerError } from '../common/errors.ts';
import { parseDuration } from '../common/units.ts';

/**
 * Gets the milliseconds of a `--timeout`: a duration, or a plain number of seconds as systemctl and docker take it.
 * @throws InvalidArgs
 */
export function parseTimeout(text: string): number {
  const ms = parseDuration(/^\d+$/.test(text) ? `${text}s` : text, '--timeout');
  if (ms > 0) return ms;
  throw new BangerError('InvalidArgs', `--timeout ${JSON.stringify(text)}: it must be more than nothing`, {
    remedy: 'write 30s or 10m',
  });
}
