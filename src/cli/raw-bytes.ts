import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/** What Node gives in the place of bytes that are not UTF-8. It may have been typed, too. */
const replacement = '\ufffd';

/**
 * Finds the first argument whose bytes are not UTF-8. Node has changed it already, and it cannot be passed on as it was.
 * @param cmdline the arguments of this process as they were given, see proc_pid_cmdline(5)
 * @returns its number from 0; -1 if there is none
 */
export function findChangedArgument(argv: readonly string[], cmdline = () => read('cmdline')): number {
  if (!argv.some((word) => word.includes(replacement))) return -1;
  const raw = splitNul(cmdline()).slice(-argv.length);
  return argv.findIndex((word, at) => isChanged(word, raw[at]));
}

/**
 * Checks whether a variable of the environment is not what Node gives.
 * @param environ the environment of this process as it was given
 */
export function isChangedVariable(name: string, value: string, environ = () => read('environ')): boolean {
  if (!value.includes(replacement)) return false;
  const given = splitNul(environ()).find(
    (each) => each.subarray(0, name.length + 1).toString() === `${name}=`,
  );
  return isChanged(`${name}=${value}`, given);
}

function isChanged(text: string, raw: Buffer | undefined): boolean {
  return raw !== undefined && !isUtf8(raw) && raw.toString() === text;
}

function read(file: 'cmdline' | 'environ'): Buffer {
  return readFileSync(`/proc/self/${file}`);
}

function splitNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    parts.push(bytes.subarray(at, end < 0 ? bytes.length : end));
    at = end < 0 ? bytes.length : end + 1;
  }
  return parts;
}
