import { readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Procedure, perform } from '../common/steps.ts';
import type { Work } from '../common/work.ts';
import { type Bootstrap, startBootstrap } from './bootstrap.ts';
import { chooseStart, type Start } from './branch.ts';
import { listFiles } from './files.ts';
import { finish } from './finish.ts';
import { type History, packHistory, selectHistory } from './history.ts';
import { branchName, findRepository, type Repository } from './repository.ts';
import { type Sent, sendFiles } from './send.ts';
import type { GuestShell } from './shell.ts';
import { stagedBlobs } from './staged-blobs.ts';
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
import type { Workspace, WorkspaceOptions } from './workspace.ts';

/** What is copied, as the first step finds it. */
interface Source {
  repository: Repository;
  start: Start;
  staging: Staging;
  staged: StagedIndex | undefined;
  files: Awaited<ReturnType<typeof listFiles>>;
}

/** What the steps of a prepare find out for each other. */
interface PrepareContext {
  readonly shell: GuestShell;
  readonly directory: string;
  readonly options: WorkspaceOptions;
  readonly target: Target;
  staging?: Staging;
  source?: Source;
  history?: History;
  sent?: Sent;
  bootstrap?: Bootstrap;
}

/**
 * From a checkout on the host to a workspace in a running guest. It has its place there only when it is whole. What a
 * daemon that was killed leaves is removed by the next one: on the host all that is in the scratch directory, in the
 * guest what is marked.
 */
export const prepareProcedure: Procedure<PrepareContext> = {
  name: 'prepare',
  steps: [
    { name: 'workspace-read', run: read, undo: removeStaging },
    {
      name: 'workspace-claim',
      async run({ options, target }) {
        await options.mark?.remember(target.temporary);
        await target.prepare();
      },
      async undo({ options, target }) {
        if (await target.discard()) await options.mark?.forget(target.temporary);
      },
    },
    { name: 'workspace-pack', run: pack },
    { name: 'workspace-copy', run: send },
    {
      name: 'workspace-finish',
      async run(context) {
        const { staged, files } = sourceOf(context);
        await finish(context.target, staged, files.files);
      },
      undo: ({ target }) => target.withdraw(),
    },
    {
      name: 'workspace-tools',
      async run(context, { signal }) {
        const { shell, options, target } = context;
        await options.mark?.forget(target.temporary);
        if (options.bootstrap) context.bootstrap = await startBootstrap(shell, target.path, signal);
      },
    },
  ],
};

/**
 * Puts a copy of a git checkout into a running guest: the history, the index, the files as they are in the
 * work tree with untracked ones, without ignored ones. The checkout is only read. What fails or is
 * cancelled leaves nothing in the guest.
 * @param directory a directory in the checkout
 * @throws NotARepository, NotSupported (submodules, partial clones), InvalidArgs, InvalidName,
 *   AlreadyExists (the branch, or something at the guest's path), HostNotReady, CommandFailed, DiskFull,
 *   GuestFailed, GuestUnreachable, Timeout, Cancelled
 */
export async function prepareWorkspace(
  shell: GuestShell,
  directory: string,
  options: WorkspaceOptions,
  work: Work,
): Promise<Workspace> {
  const target = new Target(shell, options.guestPath, work.signal);
  const context: PrepareContext = { shell, directory, options, target };
  await perform(prepareProcedure, context, work);
  await removeStaging(context);
  const { repository, start, files } = sourceOf(context);
  const { history, sent = { skipped: { count: 0, names: [] }, changed: 0 }, bootstrap } = context;
  return {
    source: repository.root,
    guestPath: target.path,
    branch: branchName(start.headRef) ?? null,
    head: start.commit ?? null,
    localChanges: start.clean ? 'left' : 'copied',
    bootstrap: bootstrap ?? 'not-asked',
    ...sent,
    files: files.files.length - sent.skipped.count,
    bytes: bytesOf(files),
    commits: history?.commits ?? 0,
    shallow: (history?.shallow.length ?? 0) > 0,
    nestedRepositories: files.nestedRepositories,
  };
}

async function read(context: PrepareContext, { signal }: Work): Promise<void> {
  const { branch, from, scratchDirectory = tmpdir() } = context.options;
  const repository = await findRepository(context.directory, signal);
  const start = await chooseStart(repository, branch, from);
  const staging = await createStaging(repository, start, scratchDirectory, signal);
  context.staging = staging;
  const staged = await stageIndex(repository, start, staging);
  const files = await listFiles(staging.git, staging.root, staged?.index.entries ?? [], staged?.time ?? 0);
  context.source = { repository, start, staging, staged, files };
}

async function removeStaging({ staging }: PrepareContext): Promise<void> {
  if (staging) await rm(staging.directory, { recursive: true, force: true, maxRetries: 5 });
}

async function pack(context: PrepareContext): Promise<void> {
  const { repository, start, staging, staged } = sourceOf(context);
  const merged = start.clean ? [] : await copyMerge(repository, staging);
  const history = await selectHistory(staging.git, repository, start, merged, await sourceShallow(staging));
  await writeRefs(staging, start, history);
  const blobs = staged ? await stagedBlobs(staging, staged, repository.head) : [];
  await packHistory(staging.git, repository, history, blobs, join(packsOf(staging), 'pack'));
  context.history = history;
}

async function send(context: PrepareContext, work: Work): Promise<void> {
  const { staging, files } = sourceOf(context);
  const paths = files.files.map((file) => file.path);
  // Each file has a header and is padded to whole records.
  const bytes = bytesOf(files) + paths.length * 1024 + (await sizeOf(packsOf(staging)));
  context.sent = await sendFiles(context.target, { staging, paths, bytes }, work);
}

function sourceOf({ source }: PrepareContext): Source {
  if (source === undefined) throw new Error('a step of prepare ran out of order');
  return source;
}

function packsOf(staging: Staging): string {
  return join(staging.gitDirectory, 'objects', 'pack');
}

function bytesOf({ files }: Source['files']): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
