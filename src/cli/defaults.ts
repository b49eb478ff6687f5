import { BangerError } from '../common/errors.ts';
import { userPaths } from '../common/paths.ts';
import { printable } from '../common/text.ts';

/** What is used where an option is not given, by the names of settings. */
export interface Defaults {
  /** Such as `2, built-in`. */
  texts: ReadonlyMap<string, string>;
  /** Why there are none, for people. */
  obstacle?: string;
}

/** Of a command whose options no setting stands in for. */
export const noDefaults: Defaults = { texts: new Map() };

/** Reads the configuration, without the daemon; a broken one is told, since a help must not fail by it. */
export async function readDefaults(keys: readonly string[]): Promise<Defaults> {
  const { settingsInEffect, formatSource } = await import('../config/settings.ts');
  try {
    const { settings } = await settingsInEffect(userPaths());
    const asked = settings.filter(({ key }) => keys.includes(key));
    return { texts: new Map(asked.map((one) => [one.key, printable(`${one.value}, ${formatSource(one)}`)])) };
  } catch (error) {
    if (!(error instanceof BangerError)) throw error;
    return { texts: new Map(), obstacle: `The defaults are not known: ${printable(error.message)}` };
  }
}
