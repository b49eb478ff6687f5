import { getMessage } from '../common/errors.ts';
import { printable } from '../common/text.ts';

/** A command line that cannot be meant: reported in one line with where to read more, with status 2. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}

/**
 * What clipanion says of a command line, as one line in our words.
 * @param command what is known of the command that was called
 */
export function describeSyntaxError(
  error: unknown,
  argv: readonly string[],
  command: { help: { synopsis: string }; takesGuestCommand: boolean },
): string {
  // Behind its first line clipanion lists the usage of the command; the hint says where to find that.
  const reason = (candidateReason(error) ?? getMessage(error)).split('\n', 1)[0] ?? '';
  const [, quoted] = /\("([\s\S]*)"\)\.?$/.exec(reason) ?? [];
  const word = quoted === undefined ? '' : printable(quoted);
  if (reason.startsWith('Unsupported option name')) return `unknown option ${word}`;
  if (reason.startsWith('Invalid option name')) {
    return word.includes('=') ? `option ${word.split('=', 1)[0]} takes no value` : `unknown option ${word}`;
  }
  if (reason.startsWith('Extraneous positional argument')) {
    const hint = command.takesGuestCommand ? '; a command for the guest goes after --' : '';
    return `unexpected argument ${word}${hint}`;
  }
  if (reason.startsWith('Not enough positional arguments'))
    return `${command.help.synopsis.split(' ', 1)[0]} is missing`;
  const [, option] = /^Not enough arguments to option (\S+?)\.?$/.exec(reason) ?? [];
  if (option !== undefined) {
    const next = argv[argv.indexOf(option) + 1];
    const instead = next === undefined ? '' : `; ${JSON.stringify(next)} looks like an option`;
    return `option ${option} needs a value${instead}`;
  }
  return printable(reason);
}

/** Clipanion follows several readings of optional arguments; the first is the one that got furthest. */
function candidateReason(error: unknown): string | undefined {
  if (!(error instanceof Error && 'candidates' in error && Array.isArray(error.candidates))) return undefined;
  return error.candidates
    .map((candidate: { reason?: unknown }) => candidate.reason)
    .find((reason) => typeof reason === 'string');
}
