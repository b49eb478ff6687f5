import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recorded } from './double/server.ts';

export type { Recorded } from './double/server.ts';

const checkout = join(import.meta.dirname, '../../..');

/** Builds what the double of Firecracker needs. @returns its path, for `firecracker_bin` */
export function buildDouble(): string {
  const needed = ['build/host/tsc-khz', 'build/test/firecracker-process', 'build/test/firecracker-vsock'];
  execFileSync('make', ['-s', ...needed], { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] });
  return join(import.meta.dirname, 'firecracker');
}

/** What a double is told by its environment, which a VM's unit does not pass on. */
export interface DoubleOptions {
  /** The version of Firecracker that it is. */
  version?: string;
  /** A file to which it adds every request and its reply. */
  record?: string;
}

/** Writes a program that is the double with these options. @returns its path */
export function writeDouble(directory: string, { version, record }: DoubleOptions): string {
  const path = join(directory, 'firecracker');
  const settings = [
    ...(version === undefined ? [] : [`BANGER_DOUBLE_VERSION='${version}'`]),
    ...(record === undefined ? [] : [`BANGER_DOUBLE_RECORD='${record}'`]),
  ];
  writeFileSync(path, `#!/bin/sh\nexec env ${settings.join(' ')} '${buildDouble()}' "$@"\n`, { mode: 0o755 });
  return path;
}

/** What a double has recorded. */
export function readRecord(file: string): Recorded[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}
