import type { GuestRun } from './guest-script.ts';
import type { PackedVariables } from './guest-variables.ts';

/** Runs a command in a guest (guest/run): in an emulated one, a shell takes longer to start than most commands. */
export const runProgram = '/run/banger/run';

/**
 * The words of a command line that does with `program` what `guestWords` does with a shell.
 * @returns nothing where only the shell can do it, which is so for a time limit
 */
export function runnerWords(
  argv: readonly string[],
  { cwd, name = 'sh', variables = {}, timeout }: GuestRun,
  program = runProgram,
): string[] | undefined {
  if (timeout !== undefined) return undefined;
  const directory = cwd === undefined ? [] : ['-d', cwd];
  return [program, name, ...directory, ...variableWords(variables), '--', ...argv];
}

/** The words that have the program unpack these variables from the environment of the session. */
export function variableWords(variables: PackedVariables): string[] {
  const parts = Object.keys(variables).length;
  return parts === 0 ? [] : ['-E', String(parts)];
}
