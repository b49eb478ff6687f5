import { Command, Option } from './clipanion.ts';
import { UsageProblem } from './usage.ts';

/** What the help of a command says besides its options. */
export interface CommandHelp {
  /** What follows the name of the command in its usage line. */
  synopsis: string;
  /** Paragraphs, each on one line. */
  details?: readonly string[];
  /** Pairs of what is wanted and what to type after `banger`. */
  examples: readonly (readonly [string, string])[];
}

/** A command as its file exports it. */
export interface CommandModule {
  default: CommandType;
}

export interface CommandType {
  new (): BangerCommand;
  readonly help: CommandHelp;
  /** Status for a failure of banger's own. */
  readonly failureStatus: number;
  /** Whether something may follow `--`. */
  readonly takesGuestCommand: boolean;
}

/** The base of every command: one subclass per file, loaded when it is called. */
export abstract class BangerCommand extends Command {
  static readonly failureStatus: number = 1;
  static readonly takesGuestCommand: boolean = false;
  /** What stood after `--`, exactly as given; nothing if there was no `--`. */
  guestCommand: readonly string[] | undefined;

  /** Does what the command is for. Gives the exit status; nothing means 0. */
  abstract override execute(): Promise<number | undefined>;
}

/**
 * An option with a value; `placeholder` stands for the value in the help.
 * @param setting the one of the configuration that is used without the option, told by the help
 */
export function valueOption(name: string, placeholder: string, description: string, setting = '') {
  return Option.String(name, { description: `${placeholder}\t${description}\t${setting}` });
}

/** An option with a value that may be given several times. */
export function valuesOption(name: string, placeholder: string, description: string) {
  return Option.Array(name, [], { description: `${placeholder}\t${description}` });
}

/** An option that is on when given. */
export function flag(name: string, description: string) {
  return Option.Boolean(name, false, { description });
}

/** Begins the description of an option that has a `--no-` form too. */
export const negatable = '±';

/**
 * An option with a `--no-` form; undefined when neither is given.
 * @param name such as `--nat`
 */
export function onOff(name: string, description: string) {
  return Option.Boolean(name, { description: `${negatable}${description}` });
}

/** References to one thing or more. @throws UsageProblem in `atLeastOne` where there is none */
export function references() {
  return Option.Rest({ name: 'REF' });
}

/** @throws UsageProblem if no reference was given; each is kept once */
export function atLeastOne(refs: readonly string[], what: string): string[] {
  if (refs.length === 0) throw new UsageProblem(`which ${what}? give a name or an id`);
  return [...new Set(refs)];
}

/** @throws UsageProblem if an option was given with nothing in it, as from an unset shell variable */
export function notEmpty(value: string | undefined, what: string): string | undefined {
  if (value === '') throw new UsageProblem(`${what} is empty; leave it out or give it a value`);
  return value;
}
