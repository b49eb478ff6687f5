import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BangerError, systemCodeOf } from '../common/errors.ts';
import { Git, gitFailed } from './git.ts';

/** A git checkout on the host. It is only ever read. */
export interface Repository {
  /** Runs git in the repository, with its own configuration. */
  git: Git;
  /** The top of the work tree. */
  root: string;
  /** What belongs to this work tree: HEAD, index. */
  gitDirectory: string;
  /** What its linked work trees share: objects, refs, configuration. */
  commonDirectory: string;
  objects: string;
  objectFormat: string;
  /** The full name of the ref that HEAD names; none if it is detached. */
  headRef: string | undefined;
  /** The commit of HEAD; none if nothing was committed yet. */
  head: string | undefined;
}

/**
 * Finds the checkout that encloses a directory.
 * @throws NotARepository, InvalidArgs (no such directory), HostNotReady (git is missing or refuses)
 */
export async function findRepository(source: string, signal: AbortSignal): Promise<Repository> {
  // Git answers with paths relative to where it physically is.
  const directory = await realDirectory(resolve(source));
  const probe = new Git(directory, {}, signal);
  const args = ['rev-parse', '--is-bare-repository', '--is-inside-work-tree'];
  const outcome = await probe.execute(args);
  if (outcome.status !== 0) throw refusal(directory, outcome.stderr) ?? gitFailed(args, outcome);
  const [bare, inside] = outcome.stdout.toString('utf8').split('\n');
  if (inside !== 'true') {
    throw new BangerError(
      'NotARepository',
      bare === 'true'
        ? `${directory} is a bare repository, which has no files to copy; clone it and give the clone`
        : `${directory} is not in a work tree but in git's own directory; give the directory of the checkout`,
    );
  }
  const ask = async (...question: string[]): Promise<string> => {
    const answer = await probe.text(['rev-parse', ...question]);
    if (answer === undefined) throw new BangerError('NotARepository', `git cannot read ${directory}`);
    return answer;
  };
  const root = await ask('--show-toplevel');
  const [gitDirectory, commonDirectory, objects, objectFormat] = await Promise.all([
    ask('--absolute-git-dir'),
    ask('--git-common-dir'),
    ask('--git-path', 'objects'),
    ask('--show-object-format'),
  ]);
  const git = new Git(root, {}, signal);
  const [headRef, head] = await Promise.all([
    git.text(['symbolic-ref', '--quiet', 'HEAD']),
    git.text(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']),
  ]);
  return {
    git,
    root,
    gitDirectory,
    commonDirectory: resolve(directory, commonDirectory),
    objects: resolve(directory, objects),
    objectFormat,
    headRef,
    head,
  };
}

/** The name that people use for a branch's ref. */
export function branchName(ref: string | undefined): string | undefined {
  return ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined;
}

/** Where git looks for a user's own ignore rules; gitignore(5). */
export async function userExcludesFile(repository: Repository): Promise<string> {
  const configured = await repository.git.text(['config', '--type=path', '--get', 'core.excludesFile']);
  if (configured) return resolve(repository.root, configured);
  const { XDG_CONFIG_HOME, HOME } = process.env;
  return join(XDG_CONFIG_HOME || join(HOME ?? '/', '.config'), 'git', 'ignore');
}

async function realDirectory(directory: string): Promise<string> {
  try {
    if ((await stat(directory)).isDirectory()) return await realpath(directory);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new BangerError(
        'InvalidArgs',
        `${directory} does not exist; give the directory of a git checkout`,
      );
    }
    throw new BangerError('InvalidArgs', `${directory} cannot be read (${code}); check its permissions`, {
      cause: error,
    });
  }
  throw new BangerError(
    'InvalidArgs',
    `${directory} is not a directory; give the directory of a git checkout`,
  );
}

function refusal(directory: string, stderr: string): BangerError | undefined {
  if (/dubious ownership|unsafe repository/.test(stderr)) {
    const named = /safe\.directory (.+)/.exec(stderr)?.[1] ?? directory;
    return new BangerError(
      'HostNotReady',
      `git refuses ${directory} because it belongs to another user; if you trust it, run \`git config --global --add safe.directory ${named}\``,
    );
  }
  if (/not a git repository/.test(stderr)) {
    return new BangerError(
      'NotARepository',
      `${directory} is not in a git repository; run \`git init\` there, or give the directory of a checkout`,
    );
  }
  return undefined;
}
