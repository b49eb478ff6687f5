import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeRepository, type Place, git as runGit } from '../support.ts';
import { writeCommit, writeVictim } from './objects.ts';

/** A user's home with a repository that was downloaded, and what that repository is after. */
export interface Scene {
  place: Place;
  /** The checkout that is hostile. */
  repo: string;
  /** Its git directory. */
  gitDirectory: string;
  /** Files of the user outside of the checkout. */
  outside: string;
  /** A text that lies outside of the checkout and must not arrive in the guest. */
  canary: string;
  /** Runs git in the checkout as the user would. */
  git(...args: string[]): string;
  /** Writes a file below the git directory. */
  write(name: string, content: string | Buffer): void;
  /** Adds lines to the repository's configuration. */
  configure(...lines: string[]): void;
  /** Makes another repository of the user with the canary in it; gives its directory. */
  victim(): string;
  /** Makes a commit in the checkout's own objects, which no ref names, with the canary; gives its id. */
  strayCommit(): string;
  /** Registers what is undone at the end. */
  cleanUp: (() => void)[];
  dispose(): void;
}

/** The canary in the environment of the process that prepares. */
export const environmentCanary = `CANARY-environment-${randomBytes(8).toString('hex')}`;

/** Makes a repository with two commits, a tag and an untracked file; gives its directory. */
export function makeHonest(home: string): string {
  const directory = makeRepository(join(home, 'repo'), '--template=');
  for (const name of ['README', 'src/a.c', 'src/b.c', 'data/one', 'data/two']) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), `the contents of ${name}\n`);
  }
  runGit(directory, 'add', '.');
  runGit(directory, 'commit', '--quiet', '-m', 'first');
  runGit(directory, 'tag', '-a', 'v1', '-m', 'one');
  appendFileSync(join(directory, 'README'), 'more\n');
  runGit(directory, 'commit', '--quiet', '-a', '-m', 'second');
  writeFileSync(join(directory, 'untracked'), 'untracked\n');
  return directory;
}

/** Copies a repository; git takes the copy's files for unchanged only when it has looked at them. */
export function copyRepository(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

/** Makes a scene from a copy of an honest repository. */
export function makeScene(honest: string): Scene {
  const top = mkdtempSync(join(tmpdir(), 'banger-test-scene-'));
  const place: Place = {
    ...{ host: join(top, 'host'), guest: join(top, 'guest'), scratch: join(top, 'scratch') },
    target: join(top, 'guest/root/repo'),
  };
  const outside = join(place.host, 'outside');
  for (const directory of [place.host, place.guest, place.scratch, outside]) mkdirSync(directory);
  const repo = join(place.host, 'repo');
  copyRepository(honest, repo);
  const gitDirectory = join(repo, '.git');
  const canary = `CANARY-${randomBytes(8).toString('hex')}`;
  const cleanUp: (() => void)[] = [];
  const write = (name: string, content: string | Buffer) => {
    mkdirSync(dirname(join(gitDirectory, name)), { recursive: true });
    writeFileSync(join(gitDirectory, name), content);
  };
  return {
    ...{ place, repo, gitDirectory, outside, canary, cleanUp, write },
    git: (...args) => gitAsUser(place.host, repo, args),
    configure: (...lines) => appendFileSync(join(gitDirectory, 'config'), `${lines.join('\n')}\n`),
    victim() {
      const directory = join(place.host, 'victim');
      writeVictim(directory, canary);
      return directory;
    },
    strayCommit: () => writeCommit(gitDirectory, canary),
    dispose() {
      for (const undo of cleanUp) undo();
      rmSync(top, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Keeps a descriptor open until the end of the scene. */
export function keepOpen(scene: Scene, file: number): void {
  scene.cleanUp.push(() => closeSync(file));
}

function gitAsUser(home: string, directory: string, args: string[]): string {
  const env = { PATH: process.env.PATH, HOME: home, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', args, {
    cwd: directory,
    env,
    encoding: 'latin1',
    timeout: 10_000,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
