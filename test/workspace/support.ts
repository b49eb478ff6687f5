import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import type { Work } from '../../src/work/work.ts';
import type { StreamShell } from '../../src/workspace/shell.ts';

/** A directory for a test, with a host's and a guest's part; gone after it. */
export interface Place {
  host: string;
  guest: string;
  /** Where banger puts its temporary files. */
  scratch: string;
  /** The path of the workspace in the guest. */
  target: string;
}

export function makePlace(context: TestContext): Place {
  const top = mkdtempSync(join(tmpdir(), 'banger-test-workspace-'));
  context.after(() => rmSync(top, { recursive: true, force: true, maxRetries: 5 }));
  const place = { host: join(top, 'host'), guest: join(top, 'guest'), scratch: join(top, 'scratch') };
  for (const directory of Object.values(place)) mkdirSync(directory);
  return { ...place, target: join(place.guest, 'root', 'repo') };
}

/** A guest that is a directory of this machine. Its commands see nothing of the host's git settings. */
export function localShell(place: Place, env: NodeJS.ProcessEnv = {}): StreamShell {
  return {
    execute: ([file = '', ...args], options) =>
      execute({ file, args, ...options, cwd: place.guest, env: { ...guestEnvironment(place), ...env } }),
  };
}

export function guestEnvironment(place: Place): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: place.guest, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1' };
}

/** Work that keeps what it was told. */
export function makeWork(signal = new AbortController().signal): Work & { stages: string[] } {
  const stages: string[] = [];
  return {
    signal,
    stages,
    stage(name) {
      if (stages.at(-1) !== name) stages.push(name);
    },
  };
}

/** Runs git as a user would, but for its maintenance, which looks after every commit whether there is any to do. */
export function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'maintenance.auto=false', ...args], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs git in the guest. */
export function guestGit(place: Place, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd: place.target,
    env: guestEnvironment(place),
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function makeRepository(directory: string, ...initArguments: string[]): string {
  mkdirSync(directory, { recursive: true });
  git(directory, 'init', '--quiet', '--initial-branch=main', ...initArguments);
  git(directory, 'config', 'user.name', 'Ann Example');
  git(directory, 'config', 'user.email', 'ann@example.org');
  return directory;
}

/** Every file below a directory with mode, contents or link target, as one character per byte. */
export function listing(root: string, skip: (path: string) => boolean = () => false): string[] {
  const walk = (directory: Buffer, prefix: string): string[] =>
    readdirSync(directory, { encoding: 'buffer' }).flatMap((name) => {
      const path = Buffer.concat([directory, Buffer.from('/'), name]);
      const shown = `${prefix}${name.toString('latin1')}`;
      if (shown === '.git' || skip(shown)) return [];
      const stat = lstatSync(path);
      if (stat.isDirectory()) return walk(path, `${shown}/`);
      const mode = (stat.mode & 0o777).toString(8);
      if (stat.isSymbolicLink()) return [`${shown} -> ${readlinkSync(path, 'latin1')}`];
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
      return [`${shown} ${mode} ${Math.floor(stat.mtimeMs / 1000)} ${hash}`];
    });
  return walk(Buffer.from(root), '').sort();
}

/** What git says of a work tree, for comparison. */
export const statusArguments = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all'];
