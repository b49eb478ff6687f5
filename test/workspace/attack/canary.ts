import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** No file of these tests is larger, except sparse ones, whose canary is at their beginning. */
const maxBytes = 8 * 1024 * 1024;

/** Finds the files below a directory whose names, contents or link targets hold a text. Links are not followed. */
export function findBytes(root: string, text: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    const path = join(root, entry.name);
    if (entry.name.includes(text)) return [path];
    if (entry.isDirectory()) return findBytes(path, text);
    if (entry.isSymbolicLink()) return readlinkSync(path).includes(text) ? [path] : [];
    return entry.isFile() && readBeginning(path).includes(text) ? [path] : [];
  });
}

/** Finds a text in a guest's files and in the objects of its workspace. */
export function findInGuest(guest: string, target: string, text: string): string[] {
  const found = findBytes(guest, text);
  if (found.length > 0 || !existsSync(join(target, '.git'))) return found;
  const env = { PATH: process.env.PATH, HOME: guest, GIT_CONFIG_NOSYSTEM: '1', GIT_NO_REPLACE_OBJECTS: '1' };
  const objects = execFileSync('git', ['cat-file', '--batch-all-objects', '--batch'], {
    cwd: target,
    env,
    maxBuffer: 4 * maxBytes,
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return objects.includes(text) ? ['an object of the workspace'] : [];
}

/** Reads the first 8 MiB of a file. */
export function readBeginning(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const data = Buffer.alloc(Math.min(lstatSync(path).size, maxBytes));
    return data.subarray(0, readSync(file, data, 0, data.length, 0));
  } finally {
    closeSync(file);
  }
}
