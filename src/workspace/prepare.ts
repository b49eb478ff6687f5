import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Procedure, perform } from '../common/steps.ts';
import type { Work } from '../common/work.ts';
import type { Replies } from '../reader/protocol.ts';
import { ask } from '../reader/reader.ts';
import { type Bootstrap, startBootstrap } from './bootstrap.ts';
import { finish } from './finish.ts';
import { sendArchive } from './send.ts';
import type { GuestShell } from './shell.ts';
import { Target } from './target.ts';
import type { Workspace, WorkspaceOptions } from './workspace.ts';

/** Reading all that git knows of a checkout of 500,000 files from a slow disk. */
const readMs = 3 * 60_000;
/** Packing the largest history. */
const packMs = 30 * 60_000;

/** What the steps of a prepare find out for each other. */
interface PrepareContext {
  readonly shell: GuestShell;
  readonly directory: string;
  readonly options: WorkspaceOptions;
  readonly target: Target;
  /** A private directory on the host, in which the checkout's reader works. */
  staging?: string;
  source?: Replies['read'];
  history?: Replies['pack'];
  sent?: Replies['archive'];
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
      async run(context, { signal }) {
        const { hasIndex } = found(context.source);
        await finish(context.target, hasIndex ? found(context.staging) : undefined, signal);
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
 * @throws NotARepository, UnsafeRepository, NotSupported (submodules, partial clones), InvalidArgs, InvalidName,
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
  const { source, branch, head, clean, files, bytes, nestedRepositories } = found(context.source);
  const { history, bootstrap } = context;
  const sent = found(context.sent);
  return {
    source,
    guestPath: target.path,
    branch,
    head,
    localChanges: clean ? 'left' : 'copied',
    bootstrap: bootstrap ?? 'not-asked',
    ...sent,
    files: files - sent.skipped.count,
    bytes,
    commits: history?.commits ?? 0,
    shallow: history?.shallow ?? false,
    nestedRepositories,
  };
}

async function read(context: PrepareContext, { signal }: Work): Promise<void> {
  const { directory, options } = context;
  const { branch, from, mostBytes, scratchDirectory = tmpdir(), readTimeoutMs = readMs } = options;
  const staging = await mkdtemp(join(scratchDirectory, 'banger-workspace-'));
  context.staging = staging;
  const request = { act: 'read', directory, staging, branch, from, mostBytes } as const;
  context.source = await ask(request, { timeoutMs: readTimeoutMs, signal });
}

async function removeStaging({ staging }: PrepareContext): Promise<void> {
  if (staging !== undefined) await rm(staging, { recursive: true, force: true, maxRetries: 5 });
}

async function pack(context: PrepareContext, { signal }: Work): Promise<void> {
  const staging = found(context.staging);
  context.history = await ask({ act: 'pack', staging }, { timeoutMs: packMs, signal });
}

async function send(context: PrepareContext, work: Work): Promise<void> {
  const { files, bytes } = found(context.source);
  // Each file has a header and is padded to whole blocks.
  const total = bytes + files * 1024 + found(context.history).bytes;
  context.sent = await sendArchive(context.target, found(context.staging), total, work);
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step of prepare ran out of order');
  return value;
}
