import { BangerError } from '../common/errors.ts';

/**
 * Variables for a command in a guest, as ssh carries them: by names of banger's own, in ssh's environment, which only
 * the same user can read. Arguments are for every user of the host to see. No name of the command's is the login
 * shell's there: it has them only when `guest/run` has unpacked them.
 */
export type PackedVariables = Readonly<Record<string, string>>;

const partPrefix = 'BANGER_ENV_';
/** The pattern of these names, which ssh is to send and the guest's sshd accepts: see guest/banger-init. */
export const sentNames = `${partPrefix}*`;
/**
 * How deep a shell is in others. Bash reads `~/.bashrc` for a command of ssh unless it is told that it is not the first; what
 * stands there may print, or exit, and our own commands are not to pass through it.
 */
export const notFirstShell = { SHLVL: '1' } as const;
/** The names of `notFirstShell`, as ssh is to send them. */
export const shellNames = Object.keys(notFirstShell).join(' ');
/** The name of the first part, which is there wherever one is. */
export const firstPart = `${partPrefix}0`;
/** Linux takes no longer single string in an environment, the byte that ends it included (MAX_ARG_STRLEN). */
const maxVariableBytes = 128 * 1024 - 1;
/** The bytes of all variables; the environment of a program must have room for them besides its own. */
const maxTotalBytes = 768 * 1024;
/** One part is one string of ssh's environment and one packet of its protocol. */
const partLength = 96 * 1024;

/**
 * Packs variables for the way to the guest.
 * @param variables as NAME=VALUE
 * @throws InvalidArgs for what no environment can hold
 */
export function packVariables(variables: readonly string[]): PackedVariables {
  for (const variable of variables) requirePossible(variable);
  const bytes = Buffer.from(variables.map((variable) => `${variable}\0`).join(''));
  if (bytes.length > maxTotalBytes) {
    throw new BangerError(
      'InvalidArgs',
      `the variables are longer than ${maxTotalBytes / 1024} KiB together`,
      { remedy: 'put their values in files, or on standard input' },
    );
  }
  // ssh writes what it sends into its log: so that no line of a value is a line there.
  const text = bytes.toString('base64url');
  const parts: Record<string, string> = {};
  for (let at = 0; at < text.length; at += partLength) {
    parts[`${partPrefix}${at / partLength}`] = text.slice(at, at + partLength);
  }
  return parts;
}

/**
 * Makes the environment of an ssh that runs something in a guest: ours, with what the session is to send. Of the names that
 * packed variables have, there are only these.
 */
export function sessionEnvironment(variables: PackedVariables = {}): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith(partPrefix));
  return { ...Object.fromEntries(others), ...notFirstShell, ...variables };
}

function requirePossible(variable: string): void {
  const name = variable.slice(0, variable.indexOf('='));
  if (variable.includes('\0')) {
    throw new BangerError('InvalidArgs', `the variable ${name} cannot hold a NUL character`);
  }
  if (Buffer.byteLength(variable) > maxVariableBytes) {
    throw new BangerError('InvalidArgs', `the variable ${name} is longer than 128 KiB`, {
      remedy: 'put its value in a file, or on standard input',
    });
  }
}
