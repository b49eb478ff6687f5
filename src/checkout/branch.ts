import { BangerError } from '../common/errors.ts';
import { branchName, type Repository } from './repository.ts';

/** Where the guest's checkout starts. */
export interface Start {
  /** The ref that HEAD names in the guest; none if it is detached there. */
  headRef: string | undefined;
  /** The commit; none in a repository without commits. */
  commit: string | undefined;
  /** Whether the tree is that of the commit, rather than the host's work tree. */
  clean: boolean;
}

/**
 * Decides what the guest has checked out: what the host has; or a new branch there; or a new branch at
 * another revision, whose tree is then clean.
 * @throws InvalidArgs, InvalidName, AlreadyExists
 */
export async function chooseStart(
  repository: Repository,
  branch: string | undefined,
  from: string | undefined,
): Promise<Start> {
  const { headRef, head } = repository;
  if (branch === undefined) {
    if (from !== undefined)
      throw new BangerError('InvalidArgs', '--from needs --branch: name the new branch');
    return { headRef, commit: head, clean: false };
  }
  const ref = await newBranch(repository, branch);
  if (from === undefined) return { headRef: ref, commit: head, clean: false };
  return { headRef: ref, commit: await resolveRevision(repository, from), clean: true };
}

async function newBranch(repository: Repository, branch: string): Promise<string> {
  const ref = `refs/heads/${branch}`;
  // `check-ref-format --branch` would expand `@{-1}`; the full name is checked as it is.
  const fine =
    !branch.startsWith('-') &&
    branch !== 'HEAD' &&
    !branch.includes('\0') &&
    (await repository.git.execute(['check-ref-format', ref])).status === 0;
  if (!fine) {
    throw new BangerError('InvalidName', `${branch} is not a valid name for a branch`, {
      remedy: 'choose one that git accepts',
    });
  }
  if ((await repository.git.execute(['show-ref', '--verify', '--quiet', ref])).status === 0) {
    throw new BangerError('AlreadyExists', `there is a branch ${branch} already`, {
      remedy: 'choose a name for a new one',
    });
  }
  const present = branchName(repository.headRef);
  if (present === branch) {
    throw new BangerError('AlreadyExists', `the branch ${branch} is the current one`, {
      remedy: 'choose a name for a new one',
    });
  }
  if (present !== undefined && (present.startsWith(`${branch}/`) || branch.startsWith(`${present}/`))) {
    throw new BangerError('InvalidName', `git cannot have a branch ${branch} beside the branch ${present}`, {
      remedy: 'choose another name',
    });
  }
  return ref;
}

async function resolveRevision(repository: Repository, revision: string): Promise<string> {
  const commit =
    revision === '' || revision.startsWith('-') || revision.includes('\0')
      ? undefined
      : // As `git log` counts commits, which takes others in the place of some.
        await repository.git
          .with({ GIT_NO_REPLACE_OBJECTS: undefined })
          .text(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
  // Some versions of git print the separator too.
  const id = commit?.split('\n').at(-1);
  if (!id || !/^[0-9a-f]{40,64}$/.test(id)) {
    throw new BangerError('InvalidArgs', `the repository at ${repository.root} has no revision ${revision}`, {
      remedy: 'give one that `git log` knows',
    });
  }
  return id;
}
