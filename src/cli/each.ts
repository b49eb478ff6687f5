import { errorTable } from '../common/error-table.ts';
import { getExitStatus, reportFailure } from './failure.ts';

/**
 * Does the same to several things at once and reports each failure as it comes. One failure keeps the
 * others from nothing.
 * @returns the exit status: 0 if all succeeded, that of an interruption if one was cancelled, otherwise that
 *   of the failures if they have the same and 1 if they have not
 */
export async function each<T>(
  things: readonly T[],
  nameOf: (thing: T) => string,
  action: (thing: T) => Promise<void>,
): Promise<number> {
  const prefix = (thing: T) => (things.length > 1 ? `${nameOf(thing)}: ` : '');
  const statuses = new Set<number>();
  await Promise.all(
    things.map(async (thing) => {
      try {
        await action(thing);
      } catch (error) {
        statuses.add(getExitStatus(error));
        reportFailure(error, prefix(thing));
      }
    }),
  );
  const interrupted = errorTable.Cancelled.status;
  if (statuses.has(interrupted)) return interrupted;
  const [status = 0] = statuses;
  return statuses.size > 1 ? 1 : status;
}
