import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { git } from '../support.ts';

/** A user's home with a repository, from which a state is made. */
export interface Scene {
  home: string;
  /** A plain repository with two commits, a tag and an untracked file. */
  repo: string;
  /** Runs git in the repository as the user would. */
  git(...args: string[]): string;
  /** Writes a file of the work tree; its directory is made. */
  write(path: string, contents: string | Buffer): void;
  /** Writes a file and commits it. */
  commit(path: string, contents: string): void;
}

/** A state that a repository can be in. */
export interface State {
  name: string;
  /** @returns the checkout, if it is not the scene's repository */
  make(scene: Scene): string | undefined;
  /** The refusal's words, where it is refused before a VM is made. */
  refusal?: RegExp;
  /** Lines of the host that are not the guest's, where docs/workspaces.md names a difference. */
  only?: { status?: RegExp; log?: RegExp };
  /** Where in the guest's checkout the directory is that `make` gives. */
  below?: string;
  /** Whether both are to be the same also after every file was touched, so that git has to compare the contents. */
  isTouched?: boolean;
}

/** Makes a state from a scene whose checkout stays the scene's repository. */
export function inRepo(make: (scene: Scene) => unknown): (scene: Scene) => undefined {
  return (scene) => {
    make(scene);
    return undefined;
  };
}

/** The scene of a directory `repo` in a home. */
export function makeScene(home: string, repo: string): Scene {
  const write = (path: string, contents: string | Buffer) => {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), contents);
  };
  const run = (...args: string[]) => runGit(home, repo, ...args);
  return {
    home,
    repo,
    write,
    git: run,
    commit(path, contents) {
      write(path, contents);
      run('add', '--', path);
      run('commit', '--quiet', '-m', `change ${path}`);
    },
  };
}

const options = ['maintenance.auto=false', 'protocol.file.allow=always', 'core.fsync=none'].flatMap(
  (setting) => ['-c', setting],
);

/** Runs git as the user of a home would. */
export function runGit(home: string, directory: string, ...args: string[]): string {
  return execFileSync('git', [...options, ...args], {
    cwd: directory,
    env: userEnvironment(home),
    encoding: 'latin1',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The environment of the user of a home. */
export function userEnvironment(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: home, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1' };
}

/** Adds lines to the user's own configuration. */
export function configureUser({ home }: Scene, ...lines: string[]): void {
  appendFileSync(join(home, '.gitconfig'), `${lines.join('\n')}\n`);
}

/** Makes another clone; gives its directory. */
export function clone({ home, repo }: Scene, ...args: string[]): string {
  runGit(home, home, 'clone', '--quiet', ...args, `file://${repo}`, 'clone');
  const directory = join(home, 'clone');
  git(directory, 'config', 'user.name', 'Ann');
  git(directory, 'config', 'user.email', 'ann@example.org');
  return directory;
}
