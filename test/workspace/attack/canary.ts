import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
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
  const objects = join(target, '.git/objects');
  if (found.length > 0 || !existsSync(objects)) return found;
  return readObjects(objects).includes(text) ? ['an object of the workspace'] : [];
}

/** Reads all objects, also of a repository whose HEAD or refs are not valid. */
function readObjects(objects: string): Buffer {
  const neutral = mkdtempSync(join(tmpdir(), 'banger-test-neutral-'));
  try {
    for (const name of ['refs', 'objects']) mkdirSync(join(neutral, name));
    writeFileSync(join(neutral, 'HEAD'), 'ref: refs/heads/main\n');
    const env = { PATH: process.env.PATH, HOME: neutral, GIT_DIR: neutral, GIT_OBJECT_DIRECTORY: objects };
    return execFileSync('git', ['cat-file', '--batch-all-objects', '--batch'], {
      env,
      maxBuffer: 4 * maxBytes,
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } finally {
    rmSync(neutral, { recursive: true });
  }
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
