import { BangerError } from '../common/errors.ts';
import { asBytes, type Git, type GitOutcome, splitLines } from './git.ts';
import { branchName, type Repository } from './repository.ts';
import type { Substitutes } from './substitutes.ts';

/**
 * How many commits of the current branch the guest gets, the newest first. Enough for `git log`, `blame`
 * and `describe` to be of use; most repositories are whole, and the largest stay quick to copy.
 */
export const historyDepth = 2_000;

/** The part of the history that the guest gets. */
export interface History {
  /** The names of refs, where one character is one byte, and what they point to. */
  refs: Map<string, string>;
  /** Where the packing of objects starts. */
  tips: string[];
  /** Commits whose parents are left out. */
  shallow: string[];
  commits: number;
  /** Whether a commit is part of it. */
  has(commit: string): boolean;
}

/**
 * Chooses the commits of `start` and what is near to it: the present branch, its upstream, other tips, and
 * the tags of chosen commits.
 * @param git runs where the source's objects can be read and its shallow file is in force
 * @param sourceShallow the commits whose parents the source itself is without
 * @param substitutes what git takes in place of some: both are chosen
 */
export async function selectHistory(
  git: Git,
  repository: Repository,
  start: { commit: string | undefined; headRef: string | undefined },
  otherTips: readonly string[],
  sourceShallow: readonly string[],
  substitutes: Substitutes,
): Promise<History> {
  const refs = await branchRefs(repository);
  if (start.headRef !== undefined && start.commit !== undefined) {
    refs.set(asBytes(start.headRef), start.commit);
  }
  const first = start.commit === undefined ? [] : [start.commit];
  // A partial clone has the files of what was checked out, and of little else.
  const partial = repository.isPartial;
  const tips = [...new Set(partial ? first : [...first, ...refs.values(), ...otherTips])];
  const depth = partial ? 1 : historyDepth;
  const parents = new Map<string, string[]>();
  for (const [index, tip] of tips.entries()) {
    await addCommits(git, repository, depth, [tip], tips.slice(0, index), parents);
  }
  for (let more = further(parents, substitutes, tips); more.length > 0; ) {
    await addCommits(git, repository, depth, more, tips, parents);
    tips.push(...more);
    more = further(parents, substitutes, tips);
  }
  // A commit at the edge may have one parent inside and one outside. Only the outside one is cut off.
  const outside = new Set([...parents.values(), tips].flat().filter((commit) => !parents.has(commit)));
  const cut = partial
    ? [...parents.keys()]
    : [...outside, ...sourceShallow.filter((one) => parents.has(one))];
  if (partial) outside.clear();
  const isKept = (commit: string) => parents.has(commit) || outside.has(commit);
  for (const [name, commit] of refs) if (!isKept(commit)) refs.delete(name);
  for (const [name, tag] of await tagsOf(repository, isKept)) {
    refs.set(name, tag);
    tips.push(tag);
  }
  for (const [from, { id, isCommit }] of substitutes.replaced) {
    if (isCommit && !isKept(from)) continue;
    refs.set(`refs/replace/${from}`, id);
    if (!isCommit) tips.push(id);
  }
  return { refs, tips, shallow: cut, commits: parents.size + outside.size, has: isKept };
}

/** Adds the parents of the newest commits from some tips, but not of those that can be reached from known ones. */
async function addCommits(
  git: Git,
  { root }: Repository,
  depth: number,
  tips: readonly string[],
  known: readonly string[],
  parents: Map<string, string[]>,
): Promise<void> {
  const input = [...tips, ...known.map((tip) => `^${tip}`), ''].join('\n');
  const outcome = await git.execute(['rev-list', '--parents', `--max-count=${depth}`, '--stdin'], input);
  if (outcome.status !== 0) throw damaged(root, outcome);
  for (const line of splitLines(outcome.stdout)) {
    const [commit, ...its] = line.split(' ');
    if (commit) parents.set(commit, its);
  }
}

/** Finds the commits that git goes on with from chosen ones, and that are not chosen yet. */
function further(
  parents: ReadonlyMap<string, string[]>,
  { next }: Substitutes,
  tips: readonly string[],
): string[] {
  const found = [...next].flatMap(([commit, ids]) =>
    parents.has(commit) || tips.includes(commit) ? ids : [],
  );
  return [...new Set(found)].filter((id) => !parents.has(id) && !tips.includes(id));
}

/** The refs of the branch that the host is on: its own, and that of its upstream. */
async function branchRefs(repository: Repository): Promise<Map<string, string>> {
  const refs = new Map<string, string>();
  const { git, head, headRef } = repository;
  if (head === undefined || headRef === undefined) return refs;
  refs.set(asBytes(headRef), head);
  if (branchName(headRef) === undefined) return refs;
  const upstream = await git.text(['for-each-ref', '--format=%(upstream)', headRef]);
  if (!upstream?.startsWith('refs/')) return refs;
  const commit = await git.text(['rev-parse', '--verify', '--quiet', `${upstream}^{commit}`]);
  if (commit !== undefined) refs.set(asBytes(upstream), commit);
  return refs;
}

async function tagsOf(
  repository: Repository,
  isKept: (commit: string) => boolean,
): Promise<Map<string, string>> {
  const tags = new Map<string, string>();
  const { status, stdout } = await repository.git.execute(['show-ref', '--tags', '--dereference']);
  if (status !== 0) return tags;
  const peeled = new Map<string, string>();
  for (const line of splitLines(stdout)) {
    const oid = line.slice(0, line.indexOf(' '));
    const name = line.slice(line.indexOf(' ') + 1);
    if (name.endsWith('^{}')) peeled.set(name.slice(0, -3), oid);
    else tags.set(name, oid);
  }
  for (const [name, oid] of tags) {
    if (!isKept(peeled.get(name) ?? oid)) tags.delete(name);
  }
  return tags;
}

/**
 * Packs the history, and blobs beside it, into a repository.
 * @throws NotSupported for a clone that lacks objects, CommandFailed for a damaged repository
 */
export async function packHistory(
  git: Git,
  repository: Repository,
  history: History,
  blobs: readonly string[],
  packPrefix: string,
): Promise<void> {
  const roots = [...history.tips, ...blobs];
  if (roots.length === 0) return;
  // What is packed as a delta stays one. Looking for more, or packing tighter, costs more than sending it.
  const args = ['pack-objects', '--revs', '--quiet', '--window=0', '--compression=1', packPrefix];
  const outcome = await git.execute(args, `${roots.join('\n')}\n`);
  if (outcome.status === 0) return;
  throw repository.isPartial ? incomplete(repository) : damaged(repository.root, outcome);
}

/**
 * Refuses a partial clone that lacks files of a commit.
 * @param git runs where the source's objects can be read
 * @throws NotSupported
 */
export async function requireFiles(git: Git, repository: Repository, commit: string): Promise<void> {
  if (!repository.isPartial) return;
  const args = ['rev-list', '--objects', '--no-walk', '--missing=print', commit];
  const lines = splitLines(await git.run(args));
  if (lines.some((line) => line.startsWith('?'))) throw incomplete(repository);
}

function incomplete({ root }: Repository): BangerError {
  return new BangerError('NotSupported', `${root} is a partial clone and lacks files of its own revision`, {
    remedy: 'run `git config --unset remote.origin.partialCloneFilter` and `git fetch --refetch` there',
  });
}

function damaged(root: string, { stderr }: GitOutcome): BangerError {
  return new BangerError('CommandFailed', `${root} lacks objects of its history, or they are damaged`, {
    remedy: `clone it again, or run \`git fsck\` there if it is your own (${stderr.trim().split('\n').at(-1)})`,
  });
}
