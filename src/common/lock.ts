import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { notInstalled } from './host-programs.ts';

/** A lock that this process holds until it lets go or ends. */
export interface Lock extends Disposable {
  release(): void;
}

/**
 * Takes an advisory lock on a file, made if absent.
 *
 * Node has no flock(2). flock(1) locks the open file description that it shares with us, so the lock
 * stays with our descriptor after it has ended, and the kernel drops it when we end, however we end.
 * @param waitMs how long to wait for the present holder; 0 gives up at once
 * @returns nothing if somebody else holds the lock
 */
export async function lockFile(path: string, waitMs: number): Promise<Lock | undefined> {
  const fd = openSync(path, 'a', 0o600);
  const args =
    waitMs > 0
      ? ['--exclusive', '--timeout', String(waitMs / 1000), '3']
      : ['--exclusive', '--nonblock', '3'];
  const status = await new Promise<number | null>((resolve, reject) => {
    const child = spawn('flock', args, { stdio: ['ignore', 'ignore', 'ignore', fd] });
    child.on('error', reject);
    child.on('exit', resolve);
  }).catch((error: unknown) => {
    closeSync(fd);
    throw notInstalled('flock', error);
  });
  if (status !== 0) {
    closeSync(fd);
    return undefined;
  }
  let held = true;
  const release = () => {
    if (held) closeSync(fd);
    held = false;
  };
  return { release, [Symbol.dispose]: release };
}
