import { BangerError } from '../common/errors.ts';
import { shellQuote } from '../common/shell-quote.ts';
import { runnerWords, runProgram } from './guest-runner.ts';
import { type GuestRun, guestWords } from './guest-script.ts';
import { firstPart } from './guest-variables.ts';

/** Linux takes no longer single argument, the byte that ends it included (MAX_ARG_STRLEN). */
const maxArgument = 128 * 1024 - 1;

/**
 * The remote command that runs a program with exactly these arguments, which no shell interprets, and
 * gives its exit status or, of one that a signal ended, 128 plus the signal (ssh alone says 255 then).
 *
 * What is sent to a guest is a string for root's login shell. It is read alike by the POSIX shells and
 * fish, and hands over at once: to banger's own program there, or to sh where that is not. A guest that an older
 * banger started has none until its next start.
 * @param run its variables are not in the line, which all users of the host can see: the session brings them
 * @throws InvalidArgs for what no command line can hold
 */
export function guestCommand(argv: readonly string[], run: GuestRun = {}): string {
  const words = guestWords(argv, run);
  if (argv.length === 0 || argv[0] === '') throw new BangerError('InvalidArgs', 'there is no command to run');
  if (words.some((word) => word.includes('\0'))) {
    throw new BangerError('InvalidArgs', 'an argument of a command cannot hold a NUL character');
  }
  const runner = runnerWords(argv, run);
  const command = hasVariables(run) ? ifVariablesArrived(runner ?? words) : execLine(words);
  if (runner && !hasVariables(run)) {
    // What is too long to be said in both ways is said in the one that always works.
    const both = `test -x ${runProgram} && ${execLine(runner)}; ${command}`;
    if (Buffer.byteLength(both) <= maxArgument) return both;
  }
  if (Buffer.byteLength(command) > maxArgument) {
    throw new BangerError('InvalidArgs', 'the command is longer than 128 KiB', {
      remedy: 'put it or its data in a file, or on standard input',
    });
  }
  return command;
}

function hasVariables({ variables = {} }: GuestRun): boolean {
  return Object.keys(variables).length > 0;
}

/** A line that runs this, or says that the sshd of the guest kept the variables away; then the status is 125. */
function ifVariablesArrived(words: readonly string[]): string {
  const why =
    'the sshd of this guest accepts no variables: restart the VM if an older banger started it or has a session in it; otherwise its sshd_config has to include /etc/ssh/banger/*.conf';
  const refusal = ['sh', '-c', 'echo "$1" >&2; exit 125', 'sh', why];
  return `test -n "$${firstPart}" && ${execLine(words)}; ${execLine(refusal)}`;
}

function execLine(words: readonly string[]): string {
  return `exec ${words.map(shellQuote).join(' ')}`;
}
