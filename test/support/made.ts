import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Lock, lockFile } from '../../src/common/lock.ts';
import { checkout } from './guest-home.ts';
import { runProgram } from './program.ts';

const waitMs = 480_000;

/** Waits until no other test makes what is laid out in build/stage, which all packages are made of, and holds that off. */
export async function lockStage(): Promise<Lock> {
  mkdirSync(join(checkout, 'build/test'), { recursive: true });
  const lock = await lockFile(join(checkout, 'build/test/packages.lock'), waitMs);
  if (!lock) throw new Error('another test makes packages without an end');
  return lock;
}

/** Whether a file is there and has been written after all files of the checkout. */
export async function isNewest(file: string): Promise<boolean> {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined) return false;
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = await runProgram('git', args, { cwd: checkout });
  const sources = listed.stdout.toString().split('\0').filter(Boolean);
  return sources.every((name) => {
    const stat = statSync(join(checkout, name), { throwIfNoEntry: false });
    return stat !== undefined && stat.mtimeMs < written;
  });
}
