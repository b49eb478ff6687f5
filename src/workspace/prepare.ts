import { readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwIfCancelled } from '../common/errors.ts';
import type { Work } from '../common/work.ts';
import { type Bootstrap, startBootstrap } from './bootstrap.ts';
import { chooseStart, type Start } from './branch.ts';
import { listFiles, type WorkFile } from './files.ts';
import { splitNul } from './git.ts';
import type { FileStat } from './git-index.ts';
import { packHistory, selectHistory } from './history.ts';
import { branchName, findRepository, type Repository } from './repository.ts';
import { type Sent, sendFiles } from './send.ts';
import type { GuestShell } from './shell.ts';
import {
  copyMerge,
  createStaging,
  type StagedIndex,
  type Staging,
  sourceShallow,
  stageIndex,
  writeRefs,
} from './staging.ts';
import { Target } from './target.ts';

export interface WorkspaceOptions {
  /** Where the workspace goes: an absolute path in the guest. */
  guestPath: string;
  /** A new branch to make in the guest. */
  branch?: string | undefined;
  /** The revision that the new branch starts from, with a clean tree; HEAD with local changes if absent. */
  from?: string | undefined;
  /** Whether to start the installation of the workspace's tools afterwards. */
  bootstrap?: boolean | undefined;
  /** A directory on the host with room for a copy of the history; the system's for temporary files if absent. */
  scratchDirectory?: string | undefined;
}

/** What was put into the guest. */
export interface Workspace extends Sent {
  /** The top of the checkout on the host. */
  source: string;
  guestPath: string;
  /** The branch that is checked out in the guest; null if HEAD is detached. */
  branch: string | null;
  /** The commit that is checked out in the guest; null if nothing was committed yet. */
  head: string | null;
  /** How many files and links of the work tree were sent, and their bytes. */
  files: number;
  bytes: number;
  commits: number;
  /** Whether older history was left out, here or in the source already. */
  shallow: boolean;
  /** `copied` with the work tree; `left` on the host because the guest starts from another revision. */
  localChanges: 'copied' | 'left';
  /** Untracked repositories inside of the checkout, which are not copied. */
  nestedRepositories: string[];
  bootstrap: Bootstrap | 'not-asked';
}

/**
 * Puts a copy of a git checkout into a running guest: the history, the index, the files as they are in the
 * work tree with untracked ones, without ignored ones. The checkout is only read. What fails or is
 * cancelled leaves nothing in the guest.
 * @param source a directory in the checkout
 * @throws NotARepository, NotSupported (submodules, partial clones), InvalidArgs, InvalidName,
 *   AlreadyExists (the branch, or something at the guest's path), HostNotReady, CommandFailed, DiskFull,
 *   GuestFailed, GuestUnreachable, Timeout, Cancelled
 */
export async function prepareWorkspace(
  shell: GuestShell,
  source: string,
  options: WorkspaceOptions,
  work: Work,
): Promise<Workspace> {
  work.stage('workspace-read');
  const { signal } = work;
  throwIfCancelled(signal);
  const target = new Target(shell, options.guestPath, signal);
  const repository = await findRepository(source, signal);
  const start = await chooseStart(repository, options.branch, options.from);
  const staging = await createStaging(repository, start, options.scratchDirectory ?? tmpdir(), signal);
  try {
    const sent = await copy(repository, start, staging, target, work);
    const bootstrap = options.bootstrap ? await startBootstrap(shell, target.path, signal) : 'not-asked';
    return {
      source: repository.root,
      guestPath: target.path,
      branch: branchName(start.headRef) ?? null,
      head: start.commit ?? null,
      localChanges: start.clean ? 'left' : 'copied',
      bootstrap,
      ...sent,
    };
  } finally {
    await rm(staging.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

type Copied = Omit<Workspace, 'source' | 'guestPath' | 'branch' | 'head' | 'localChanges' | 'bootstrap'>;

async function copy(
  repository: Repository,
  start: Start,
  staging: Staging,
  target: Target,
  work: Work,
): Promise<Copied> {
  const staged = await stageIndex(repository, start, staging);
  const entries = staged?.index.entries ?? [];
  const { files, nestedRepositories } = await listFiles(
    staging.git,
    staging.root,
    entries,
    staged?.time ?? 0,
  );
  await target.prepare();
  try {
    const merged = start.clean ? [] : await copyMerge(repository, staging);
    const shallow = await sourceShallow(staging);
    const history = await selectHistory(staging.git, repository, start, merged, shallow);
    await writeRefs(staging, start, history);
    work.stage('workspace-pack');
    const blobs = staged ? await stagedBlobs(staging, staged, repository.head) : [];
    const packs = join(staging.gitDirectory, 'objects', 'pack');
    await packHistory(staging.git, repository, history, blobs, join(packs, 'pack'));

    work.stage('workspace-copy', 0);
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    const paths = files.map((file) => file.path);
    // Each file has a header and is padded to whole records.
    const archived = bytes + files.length * 1024 + (await sizeOf(packs));
    const sent = await sendFiles(target, { staging, paths, bytes: archived }, work);

    work.stage('workspace-finish');
    await finish(target, staged, files);
    return {
      ...sent,
      files: files.length - sent.skipped.count,
      bytes,
      commits: history.commits,
      shallow: history.shallow.length > 0,
      nestedRepositories,
    };
  } catch (error) {
    await target.discard();
    throw error;
  }
}

/** The objects of the index that need not be in any commit. */
async function stagedBlobs(
  staging: Staging,
  staged: StagedIndex,
  head: string | undefined,
): Promise<string[]> {
  const { entries } = staged.index;
  if (entries.some((entry) => entry.intentToAdd)) {
    // Such an entry stands for an empty file, whose object need not be there. Git would only touch the
    // source's if it saw that.
    await staging.git
      .with({ GIT_ALTERNATE_OBJECT_DIRECTORIES: '' })
      .run(['hash-object', '-w', '-t', 'blob', '--stdin'], '');
  }
  const own = entries.filter((entry) => !entry.intentToAdd && (head === undefined || entry.stage > 0));
  const blobs = new Set(own.map((entry) => entry.oid));
  if (head !== undefined) {
    const changes = splitNul(
      await staging.git.run(['diff-index', '--cached', '--no-abbrev', '-z', head, '--']),
    );
    for (const record of changes) {
      // `:<mode> <mode> <oid> <oid> <status>`, followed by a record with the path.
      const [, , oid] = /^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) [A-Z]/.exec(record.toString('latin1')) ?? [];
      if (oid) blobs.add(oid);
    }
  }
  return [...blobs].filter((oid) => !/^0+$/.test(oid));
}

/**
 * Tells the guest's index which of the files are as git knew them on the host, so that no git need read
 * them all again; only those in doubt are compared.
 */
async function finish(
  target: Target,
  staged: StagedIndex | undefined,
  files: readonly WorkFile[],
): Promise<void> {
  if (!staged) return target.finish(undefined, false);
  const { index } = staged;
  const known = files.filter((file) => file.unchanged);
  const stats = await target.stat(known.map((file) => file.path));
  const statOf = new Map<number, FileStat>();
  known.forEach((file, number) => {
    const here = file.entry === undefined ? undefined : index.entries[file.entry]?.stat;
    const there = stats[number];
    // A file that changed on its way has another time or size than what git knew.
    if (file.entry === undefined || !here || !there) return;
    if (here.mtime === there.mtime && here.size === there.size) statOf.set(file.entry, there);
  });
  const inDoubt = files.some((file) => file.entry !== undefined && !statOf.has(file.entry));
  return target.finish(
    index.write((entry) => statOf.get(entry)),
    inDoubt,
  );
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
