import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Where system programs are, also when they are not on the PATH of an ordinary user. */
const always = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The absolute path of an installed program, or nothing. @param name a name to look for in PATH, or a path */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  const directories = [...path.split(':').filter((directory) => directory.startsWith('/')), ...always];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
