import { BangerError } from '../common/errors.ts';
import type { Plain } from './values.ts';

/** The D-Bus types that an option may have, and what a caller is told of each. */
export const optionTypes = { s: 'string', b: 'boolean', u: 'integer', t: 'integer' } as const;

/** The types of the options that a method takes, by their names, as dbus/*.xml has them. */
export type OptionTable = Readonly<Record<string, keyof typeof optionTypes>>;

declare const none: unique symbol;
/** The options of a method that takes none: an object of which no property is known. */
export interface NoOptions {
  [none]?: never;
}

/**
 * Checks the a{sv} of a call against what the method takes. Any whole number that is not negative is an integer: a
 * client need not know how wide it is. @throws InvalidArgs for an unknown name or a wrong type
 */
export function checkOptions(table: OptionTable, given: Plain): void {
  for (const [name, value] of Object.entries(given)) {
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!type) {
      const known = Object.keys(table).join(', ') || 'none';
      throw new BangerError('InvalidArgs', `unknown option ${JSON.stringify(name)}`, {
        remedy: `this call takes: ${known}`,
      });
    }
    const expected = optionTypes[type];
    const fits =
      expected === 'integer' ? Number.isSafeInteger(value) && Number(value) >= 0 : typeof value === expected;
    if (!fits) throw new BangerError('InvalidArgs', `option ${name} must be of type ${expected}`);
  }
}
