import { BangerError } from '../common/errors.ts';
import { formatSize } from '../common/units.ts';
import type { CheckoutSource, Replies } from '../reader/protocol.ts';
import { chooseStart, type Start } from './branch.ts';
import { listFiles, refuseSubmodules } from './files.ts';
import { requireFiles } from './history.ts';
import { chooseHistory } from './pack.ts';
import { branchName, type FoundRepository, findRepository } from './repository.ts';
import { createStaging, stageIndex } from './staging.ts';
import { makeState, type State } from './state.ts';

/** How many names of untracked repositories are told. */
const namedRepositories = 100;
/** Who started this program kills it, and with it what it runs. */
const never = new AbortController().signal;

/**
 * Finds out whether a checkout can be copied and the start be had, without a look at the files of the work tree: what
 * fails here fails before a VM is made.
 * @throws what `read` throws but DiskFull, and what `chooseHistory` throws
 */
export async function check(source: CheckoutSource): Promise<Replies['check']> {
  const { repository, start } = await find(source);
  const staging = await createStaging(repository, start, source.staging, never);
  const staged = await stageIndex(repository, start, staging, false);
  refuseSubmodules(staged?.index.entries ?? []);
  await chooseHistory(repository, start, staging);
  if (start.commit !== undefined) await requireFiles(staging.git, repository, start.commit);
  return {};
}

/**
 * Reads a checkout but for its objects and the contents of its files.
 * @throws what `findRepository` and `chooseStart` throw, NotSupported (submodules), DiskFull (too large for the guest)
 */
export async function read(source: CheckoutSource): Promise<{ reply: Replies['read']; state: State }> {
  const { staging: directory, maxBytes = Number.POSITIVE_INFINITY } = source;
  const { repository, start } = await find(source);
  if (start.clean) requireRoom(repository, await treeBytes(repository, start.commit ?? ''), maxBytes);
  const staging = await createStaging(repository, start, directory, never);
  const staged = await stageIndex(repository, start, staging, true);
  const { gitOfFiles, root } = staging;
  const entries = staged?.index.entries ?? [];
  const { files, nestedRepositories } = await listFiles(gitOfFiles, root, entries, staged?.time ?? 0);
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  requireRoom(repository, bytes, maxBytes);
  const state = makeState(directory, { repository, start, hasIndex: staged !== undefined }, files);
  const reply = {
    source: repository.root,
    branch: branchName(start.headRef) ?? null,
    head: start.commit ?? null,
    clean: start.clean,
    files: files.length,
    bytes,
    nestedRepositories: nestedRepositories.slice(0, namedRepositories),
    hasIndex: staged !== undefined,
  };
  return { reply, state };
}

function requireRoom({ root }: FoundRepository, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new BangerError(
    'DiskFull',
    `the files of ${root} have ${formatSize(bytes)}, and the VM's disk ${formatSize(maxBytes)}`,
    { remedy: 'use a VM with a larger --disk-size, or have git ignore large files' },
  );
}

/** The bytes of all files of a commit. */
async function treeBytes({ git }: FoundRepository, commit: string): Promise<number> {
  const lines = (await git.run(['ls-tree', '-r', '-l', '-z', commit])).toString('latin1').split('\0');
  return lines.reduce((sum, line) => sum + Number(/^\d+ blob [0-9a-f]+ +(\d+)\t/.exec(line)?.[1] ?? 0), 0);
}

async function find(source: CheckoutSource): Promise<{ repository: FoundRepository; start: Start }> {
  const { directory, staging, branch, from } = source;
  // Revisions such as `main@{1}` are found by the reflogs.
  const extent = { logs: from?.includes('@{') ?? false };
  const repository = await findRepository(directory, staging, extent, never);
  return { repository, start: await chooseStart(repository, branch, from) };
}
