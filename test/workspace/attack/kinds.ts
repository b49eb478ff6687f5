import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readBeginning } from './canary.ts';
import { environmentCanary, keepOpen, type Scene } from './scene.ts';
import type { Attack } from './vector.ts';

/** What stands in the place of a plain file. */
export type Kind = 'link' | 'environ' | 'fifo' | 'device' | 'directory' | 'huge' | 'foreign';
/** What stands in the place of a directory. */
export type DirectoryKind = 'link' | 'fifo' | 'file' | 'foreign';

/** Another user. */
export const nobody = 65_534;
const hugeBytes = 4 * 1024 ** 3;

/** Puts something else in the place of a file; reading it plainly gives the content, or what `finds` says. */
export function placeFile(scene: Scene, path: string, content: Buffer | string, kind: Kind): Attack {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  const data = Buffer.from(content);
  switch (kind) {
    case 'link': {
      const secret = join(scene.outside, basename(path));
      writeFileSync(secret, data);
      symlinkSync(secret, path);
      return { plain: () => readFileSync(path), finds: data };
    }
    case 'environ':
      symlinkSync('/proc/self/environ', path);
      return { plain: () => plainEnvironment(path), finds: environmentCanary, secret: environmentCanary };
    case 'fifo':
      return placeFifo(scene, path, data);
    case 'device':
      execFileSync('mknod', [path, 'c', '1', '5']);
      return { plain: () => readSome(path), finds: Buffer.alloc(64), secret: '' };
    case 'directory':
      mkdirSync(path);
      writeFileSync(join(path, 'inside'), scene.canary);
      return { plain: () => readFileSync(join(path, 'inside')) };
    case 'huge':
      writeFileSync(path, data);
      truncateSync(path, hugeBytes);
      return { plain: () => readBeginning(path), finds: data, secret: '', needsBounds: true };
    case 'foreign':
      writeFileSync(path, data, { mode: 0o644 });
      chownSync(path, nobody, nobody);
      return { plain: () => readFileSync(path), finds: data };
  }
}

/** Puts something else in the place of a directory, whose files are there with a link or another owner. */
export function placeDirectory(scene: Scene, path: string, kind: DirectoryKind): Attack {
  const finds = scene.canary;
  switch (kind) {
    case 'link': {
      const there = join(scene.outside, `${basename(path)}.d`);
      renameSync(path, there);
      writeFileSync(join(there, 'note'), finds);
      symlinkSync(there, path);
      return { plain: () => readFileSync(join(path, 'note')) };
    }
    case 'fifo':
      rmSync(path, { recursive: true });
      return placeFifo(scene, path, Buffer.from(finds));
    case 'file':
      rmSync(path, { recursive: true });
      writeFileSync(path, finds);
      return { plain: () => readFileSync(path), secret: '' };
    case 'foreign':
      writeFileSync(join(path, 'note'), finds);
      execFileSync('chown', ['-R', `${nobody}:${nobody}`, path]);
      return { plain: () => readFileSync(join(path, 'note')) };
  }
}

/** A FIFO that gives the content to whoever reads it first, and keeps them waiting for more. */
export function placeFifo(
  scene: Scene,
  path: string,
  content: Buffer,
): Attack & { write(data: Buffer): void } {
  execFileSync('mkfifo', [path]);
  const file = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  keepOpen(scene, file);
  writeSync(file, content);
  const plain = () => {
    const data = readSome(path, constants.O_NONBLOCK, content.length);
    // For the next reader.
    writeSync(file, content);
    return data;
  };
  return { plain, finds: content, write: (data) => void writeSync(file, data) };
}

function readSome(path: string, flags = 0, length = 64): Buffer {
  const file = openSync(path, constants.O_RDONLY | flags);
  try {
    const data = Buffer.alloc(length);
    return data.subarray(0, readSync(file, data, 0, length, null));
  } finally {
    closeSync(file);
  }
}

function plainEnvironment(path: string): Buffer {
  const env = { PATH: process.env.PATH, BANGER_TEST_CANARY: environmentCanary };
  return execFileSync('cat', [path], { env });
}
