import { BangerError } from '../common/errors.ts';

interface OptionTypes {
  string: string;
  boolean: boolean;
  /** A whole number that is not negative. */
  integer: number;
}

type OptionTable = Readonly<Record<string, keyof OptionTypes>>;

/** The options of a call by their names; those that were not given are absent. */
export type OptionsOf<T extends OptionTable> = { [K in keyof T]?: OptionTypes[T[K]] };

/** Checks the a{sv} of a call against what it takes. @throws InvalidArgs for an unknown name or a wrong type */
export function readOptions<T extends OptionTable>(
  table: T,
  given: Readonly<Record<string, unknown>>,
): OptionsOf<T> {
  for (const [name, value] of Object.entries(given)) {
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!type) {
      const known = Object.keys(table).join(', ') || 'none';
      throw new BangerError(
        'InvalidArgs',
        `unknown option ${JSON.stringify(name)}; this call takes: ${known}`,
      );
    }
    const fits =
      type === 'integer' ? Number.isSafeInteger(value) && Number(value) >= 0 : typeof value === type;
    if (!fits) throw new BangerError('InvalidArgs', `option ${name} must be of type ${type}`);
  }
  return given as OptionsOf<T>;
}
