import { BangerError, messageOf } from '../common/errors.ts';
import { report } from './output/report.ts';

/**
 * Does the same to several things at once and reports each failure as it comes. One failure keeps the
 * others from nothing.
 * @returns the exit status: 0 if all succeeded
 * @throws Cancelled if one was, so that the command ends as interrupted
 */
export async function each<T>(
  things: readonly T[],
  nameOf: (thing: T) => string,
  action: (thing: T) => Promise<void>,
): Promise<number> {
  const prefix = (thing: T) => (things.length > 1 ? `${nameOf(thing)}: ` : '');
  const failures: unknown[] = [];
  await Promise.all(
    things.map(async (thing) => {
      try {
        await action(thing);
      } catch (error) {
        failures.push(error);
        report(`${prefix(thing)}${messageOf(error)}`);
      }
    }),
  );
  if (failures.some((error) => error instanceof BangerError && error.code === 'Cancelled')) return 130;
  return failures.length === 0 ? 0 : 1;
}
