import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where administrators' programs are that an ordinary user's PATH may lack. */
const systemDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The path of a program: itself if it is a path, else what PATH or the system directories have under the name. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  return [...path.split(delimiter), ...systemDirectories]
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
