import { errorTable } from '../common/error-table.ts';
import { printable } from '../common/text.ts';
import type { BangerCommand } from './command.ts';
import { type CommandEntry, commands, findCommand, groups } from './commands.ts';
import { getExitStatus, reportFailure } from './failure.ts';
import { report, result } from './output/report.ts';
import { findChangedArgument } from './raw-bytes.ts';
import { describeSyntaxError, UsageProblem } from './usage.ts';

const wrongUsage = errorTable.InvalidArgs.status;

/** Runs the command that the words call and gives the exit status. Nothing is thrown. */
export async function dispatch(argv: readonly string[]): Promise<number> {
  if (argv[0] === '__complete') return (await import('./completion/complete.ts')).complete(argv.slice(1));
  const changed = findChangedArgument(argv);
  if (changed >= 0) return misused(describeChanged(argv, changed), []);
  const separator = argv.indexOf('--');
  const words = separator < 0 ? argv : argv.slice(0, separator);
  const guestCommand = separator < 0 ? undefined : argv.slice(separator + 1);
  if (words.length === 0 || words[0] === 'help' || words.some(isHelp)) return help(words);
  if (words[0] === '--version') return dispatch(['version', ...words.slice(1)]);
  const found = findCommand(words);
  if (!found) return misused(describeUnknown(words), isGroup(words[0]) ? [words[0]] : []);
  return execute(found.entry, found.rest, guestCommand);
}

async function execute(
  entry: CommandEntry,
  rest: readonly string[],
  guestCommand: readonly string[] | undefined,
): Promise<number> {
  const [{ parseCommand }, { default: type }] = await Promise.all([import('./parser.ts'), entry.load()]);
  const misuse = (message: string) => misused(message, entry.path);
  if (guestCommand !== undefined && !type.takesGuestCommand) return misuse('nothing may follow -- here');
  let command: BangerCommand;
  try {
    command = parseCommand(type, rest, guestCommand);
  } catch (error) {
    return misuse(describeSyntaxError(error, rest, type));
  }
  try {
    return (await command.execute()) ?? 0;
  } catch (error) {
    if (error instanceof UsageProblem) return misuse(error.message);
    reportFailure(error);
    return getExitStatus(error, type.failureStatus);
  }
}

function misused(message: string, path: readonly string[]): number {
  report(`${message}; see \`${['banger', ...path, '--help'].join(' ')}\``);
  return wrongUsage;
}

function describeChanged(argv: readonly string[], at: number): string {
  const word = JSON.stringify(printable(argv[at] ?? '', 200));
  return `argument ${at + 1}, ${word}, is not UTF-8 and would arrive changed; copy the directory that such a file is in, or have a shell in the guest make the bytes`;
}

function describeUnknown(words: readonly string[]): string {
  const [first = '', second] = words;
  if (first.startsWith('-')) return `unknown option ${printable(first)}`;
  if (!isGroup(first)) return `unknown command ${printable(first)}`;
  const known = commands.filter(({ path }) => path[0] === first).map(({ path }) => path[1]);
  if (second === undefined) return `which ${first} command? ${known.join(', ')}`;
  return `unknown command ${first} ${printable(second)}; there are ${known.join(', ')}`;
}

function isGroup(word: string | undefined): word is string {
  return word !== undefined && Object.hasOwn(groups, word);
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

async function help(words: readonly string[]): Promise<number> {
  const asked = words.filter((word, index) => !isHelp(word) && !(index === 0 && word === 'help'));
  const { programHelp, groupHelp, commandHelp, getSettingsOfCommand } = await import('./help.ts');
  const [first] = asked;
  if (first === undefined) {
    result(programHelp());
    return 0;
  }
  const found = findCommand(asked);
  if (found) {
    const { default: type } = await found.entry.load();
    const settings = getSettingsOfCommand(type);
    // Reading the configuration takes longer than all the rest of a help.
    const defaults =
      settings.length === 0 ? undefined : (await import('./defaults.ts')).readDefaults(settings);
    result(commandHelp(found.entry, type, await defaults));
    return 0;
  }
  if (isGroup(first) && asked.length === 1) {
    result(groupHelp(first));
    return 0;
  }
  return misused(describeUnknown(asked), []);
}
