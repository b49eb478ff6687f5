import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { shellQuote } from '../common/shell-quote.ts';
import {
  checkSettings,
  type GitSetting,
  lastValue,
  repositorySettings,
  userSettings,
} from './configuration.ts';
import { Git, gitFailed, isolated, quotePath } from './git.ts';
import { guestConfig } from './git-config.ts';
import { findTop, openLocation, type Top } from './locate.ts';
import { checkObjects } from './objects.ts';
import { type OutsideRules, readRules } from './rules.ts';
import { copyMetadata, type Extent } from './shadow.ts';

/** A git checkout on the host. It is only ever read. */
export interface Repository {
  /**
   * Runs git on a git directory of our own that knows what the repository knows and has none of its configuration but
   * what guests get. Git reads the repository's objects only, which were shown to be its own.
   */
  git: Git;
  /** The top of the work tree. */
  root: string;
  /** Our copy of what the repository knows: HEAD, refs, index. */
  gitDirectory: string;
  /** Where its objects are. */
  objects: string;
  objectFormat: string;
  /** Whether it was cloned without some of its objects, to be fetched when they are needed. */
  isPartial: boolean;
  /** The full name of the ref that HEAD names; none if it is detached. */
  headRef: string | undefined;
  /** The commit of HEAD; none if nothing was committed yet. */
  head: string | undefined;
}

/** A repository that was just found, with what the guest's git directory is made from. */
export interface FoundRepository extends Repository {
  /** The user's settings, then the repository's own. */
  settings: readonly GitSetting[];
  /** The ignore rules and attributes that hold beside those of the checkout. */
  rules: OutsideRules;
}

/**
 * Finds the checkout that encloses a directory, and copies what it knows.
 * @param scratch an empty directory of our own
 * @param extent what is needed beside the rest
 * @throws NotARepository, InvalidArgs (no such directory), UnsafeRepository, NotSupported, HostNotReady (git is missing,
 *   or the checkout belongs to another user), CommandFailed
 */
export async function findRepository(
  source: string,
  scratch: string,
  extent: Extent,
  signal: AbortSignal,
): Promise<FoundRepository> {
  const top = findTop(source);
  const { owners, failure } = await acceptOwners(top, signal);
  using location = openLocation(top, owners);
  const outside = new Git(scratch, { ...isolated, GIT_CEILING_DIRECTORIES: scratch }, signal);
  const own = await repositorySettings(outside, location, scratch);
  if (failure) throw failure;
  checkSettings(location, own);
  const objects = checkObjects(location.common);
  const objectFormat = lastValue(own, 'extensions.objectformat')?.toLowerCase() ?? 'sha1';
  const gitDirectory = join(scratch, 'source');
  const init = ['init', '--quiet', '--bare', '--template=', `--object-format=${objectFormat}`, gitDirectory];
  await outside.run(init);
  copyMetadata(location, gitDirectory, extent);
  const ofUser = await userSettings(
    new Git(scratch, { GIT_DIR: location.git.path }, signal),
    location,
    scratch,
  );
  const settings = [...ofUser, ...own];
  const git = gitOnCopy({ gitDirectory, objects }, signal);
  const headRef = await git.text(['symbolic-ref', '--quiet', 'HEAD']);
  // The upstream of the branch is found by what the configuration says of it.
  const config = guestConfig(settings, branchName(headRef));
  writeFileSync(join(gitDirectory, 'config'), config, { encoding: 'latin1', flag: 'a' });
  return {
    git,
    root: top.path,
    gitDirectory,
    objects,
    objectFormat,
    isPartial: own.some(
      ({ key }) => key === 'extensions.partialclone' || /^remote\..*\.promisor$/s.test(key),
    ),
    headRef,
    head: await headOf(git, top.path),
    settings,
    rules: await readRules(outside, location, owners, { ofUser, own }),
  };
}

/** Git on the copy of what a repository knows. */
export function gitOnCopy(
  { gitDirectory, objects }: Pick<Repository, 'gitDirectory' | 'objects'>,
  signal: AbortSignal,
): Git {
  const env = { GIT_DIR: gitDirectory, GIT_ALTERNATE_OBJECT_DIRECTORIES: quotePath(objects) };
  return new Git(gitDirectory, { ...isolated, ...env }, signal);
}

/** The name that people use for a branch's ref. */
export function branchName(ref: string | undefined): string | undefined {
  return ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined;
}

/** The commit of HEAD; nothing before the first. @throws CommandFailed if HEAD names a commit that is not there */
async function headOf(git: Git, root: string): Promise<string | undefined> {
  const head = await git.text(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  if (head !== undefined) return head;
  const missing = await git.text(['rev-parse', '--verify', '--quiet', 'HEAD']);
  if (missing === undefined) return undefined;
  throw new BangerError('CommandFailed', `${root} lacks its commit ${missing}`, {
    remedy: 'clone it again, or run `git fsck` there if it is your own',
  });
}

/**
 * Gets the users whose files are read: this user, and others whom `safe.directory` of git accepts; and a failure of git
 * on the repository's format, for which there may be better words.
 * @throws HostNotReady
 */
async function acceptOwners(
  { path, owners }: Top,
  signal: AbortSignal,
): Promise<{ owners: ReadonlySet<number>; failure?: BangerError }> {
  const own = process.getuid?.() ?? 0;
  if ([...owners].every((uid) => uid === own)) return { owners };
  const args = ['rev-parse', '--git-dir'];
  const outcome = await new Git(path, {}, signal).execute(args);
  const all = new Set([own, ...owners]);
  if (outcome.status === 0) return { owners: all };
  // Git looks at the owners first, and then at the format: of that we say ourselves what it is.
  if (/unknown repository extension|git repo version/.test(outcome.stderr)) {
    return { owners: all, failure: gitFailed(args, outcome) };
  }
  if (!/dubious ownership|unsafe repository/.test(outcome.stderr)) throw gitFailed(args, outcome);
  const named = /safe\.directory (.+)/.exec(outcome.stderr)?.[1] ?? path;
  throw new BangerError('HostNotReady', `git refuses ${path} because it belongs to another user`, {
    remedy: `if you trust it, run \`git config --global --add safe.directory ${shellQuote(named)}\``,
  });
}
