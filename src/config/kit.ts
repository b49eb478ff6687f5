import { type } from 'arktype';
import { getMessage } from '../common/errors.ts';
import { ElementError } from './values.ts';

/** A value that was taken, or why not; the reason goes on after the name of the setting. */
export type Checked<T> = { value: T } | Refusal;

interface Refusal {
  why: string;
  /** The element of a list that is meant, if it is one. */
  index?: number;
}

/** Checks a value as the file has it, and converts it to what it means. */
export type Check<T> = (value: unknown) => Checked<T>;

const line = type(/^[^\p{Cc}\u2028\u2029]+$/u);

/**
 * What the checks of settings are made of. A converter throws an Error whose message goes on after the setting's name.
 */
export const kit = {
  text: satisfies(line.describe('a text in quotes')),
  textAs: <T>(convert: (text: string) => T, description = 'a text in quotes') =>
    converted(satisfies(line.describe(description)), convert),
  valueAs: <T>(convert: (value: unknown) => T) => converted((value) => ({ value }), convert),
  /** One of some words. A union of literals would check the same, but words its errors badly. */
  oneOf:
    <const Word extends string>(...words: readonly Word[]): Check<Word> =>
    (value) => {
      const word = words.find((known) => known === value);
      if (word !== undefined) return { value: word };
      return { why: mustBe(words.map((known) => `"${known}"`).join(' or '), value) };
    },
  truth: satisfies(
    type('unknown').narrow(
      (value, context): value is boolean => typeof value === 'boolean' || context.mustBe('true or false'),
    ),
  ),
  /** A whole number within bounds. arktype's own ranges tell of a value that breaks two rules in several lines. */
  wholeNumber: ({ least, most }: { least: number; most: number }) =>
    satisfies(
      type('unknown').narrow(
        (value, context): value is number =>
          (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) ||
          context.mustBe(`a whole number from ${least} to ${most}`),
      ),
    ),
};

/** A type alone, so that the table of settings loads without arktype. */
export type Kit = typeof kit;

/** Says what a value must be and what it is. */
export function mustBe(wanted: string, value: unknown): string {
  return `must be ${wanted}; it is ${shown(value)}`;
}

/** A written value as errors show it. */
function shown(value: unknown): string {
  if (value instanceof Date) return 'a date';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a table';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Checks a value by a type of arktype. */
function satisfies<T>(check: (value: unknown) => T | type.errors): Check<T> {
  return (value) => {
    const result = check(value);
    if (!(result instanceof type.errors)) return { value: result };
    return { why: mustBe(result[0]?.expected ?? 'another value', value) };
  };
}

function converted<From, To>(check: Check<From>, convert: (value: From) => To): Check<To> {
  return (value) => {
    const checked = check(value);
    if ('why' in checked) return checked;
    try {
      return { value: convert(checked.value) };
    } catch (error) {
      const why = getMessage(error);
      return error instanceof ElementError ? { why, index: error.index } : { why };
    }
  };
}
