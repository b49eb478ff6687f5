import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Replies } from '../reader/protocol.ts';
import { CheckoutReader, type Reader } from '../reader/reader.ts';
import { Procedure } from '../work/steps.ts';
import type { Work } from '../work/work.ts';
import { type Bootstrap, startBootstrap } from './bootstrap.ts';
import { finish } from './finish.ts';
import { sendArchive } from './send.ts';
import type { StreamShell } from './shell.ts';
import { Target } from './target.ts';
import type { Workspace, WorkspaceOptions } from './workspace.ts';

/** Reading all that git knows of a checkout of 500,000 files from a slow disk. */
const readMs = 3 * 60_000;
/** Packing the largest history. */
const packMs = 30 * 60_000;

/** What the steps of a prepare begin with. */
interface PrepareContext {
  readonly shell: StreamShell;
  readonly directory: string;
  readonly options: WorkspaceOptions;
  readonly target: Target;
  /** Answers all that is asked of the checkout. */
  readonly reader: Reader;
  /** A private directory on the host, in which the checkout's reader works. */
  readonly staging: string;
}
type Read = PrepareContext & { source: Replies['read'] };
type Packed = Read & { history: Replies['pack'] };

/**
 * From a checkout on the host to a workspace in a running guest. It has its place there only when it is whole. What a
 * daemon that was killed leaves is removed by the next one: on the host all that is in the scratch directory, in the
 * guest what is marked.
 */
export const prepareProcedure = new Procedure<PrepareContext>('prepare')
  .step('workspace-read', read)
  .step('workspace-claim', claim, giveUp)
  .step('workspace-pack', pack)
  .step('workspace-copy', send)
  .step('workspace-finish', place, ({ target }) => target.withdraw())
  .step('workspace-tools', startTools);

/**
 * Puts a copy of a git checkout into a running guest: the history, the index, the files as they are in the
 * work tree with untracked ones, without ignored ones. The checkout is only read. What fails or is
 * cancelled leaves nothing in the guest.
 * @param directory a directory in the checkout
 * @param openReader begins to read a checkout; tests do so in their own process
 * @throws NotARepository, UnsafeRepository, NotSupported (submodules, partial clones), InvalidArgs, InvalidName,
 *   AlreadyExists (the branch, or something at the guest's path), HostNotReady, CommandFailed, DiskFull,
 *   GuestFailed, GuestUnreachable, Timeout, Cancelled
 */
export async function prepareWorkspace(
  shell: StreamShell,
  directory: string,
  options: WorkspaceOptions,
  work: Work,
  openReader: () => Reader = () => new CheckoutReader(),
): Promise<Workspace> {
  const target = new Target(shell, options.guestPath, work.signal);
  const staging = await mkdtemp(join(options.scratchDirectory ?? tmpdir(), 'banger-workspace-'));
  let reader: Reader | undefined;
  try {
    reader = openReader();
    const context = { shell, directory, options, target, reader, staging };
    return summaryOf(await prepareProcedure.perform(context, work));
  } finally {
    await reader?.close();
    await rm(staging, { recursive: true, force: true, maxRetries: 5 });
  }
}

type Prepared = Packed & { sent: Replies['archive']; bootstrap: Bootstrap | 'not-asked' };

function summaryOf({ target, history, sent, bootstrap, ...context }: Prepared): Workspace {
  const { source, branch, head, clean, files, bytes, nestedRepositories } = context.source;
  return {
    source,
    guestPath: target.path,
    branch,
    head,
    localChanges: clean ? 'left' : 'copied',
    bootstrap,
    ...sent,
    files: files - sent.skipped.count,
    bytes,
    commits: history.commits,
    shallow: history.shallow,
    nestedRepositories,
  };
}

async function read(context: PrepareContext, { signal }: Work): Promise<{ source: Replies['read'] }> {
  const { directory, options, staging } = context;
  const { branch, from, maxBytes, readTimeoutMs = readMs } = options;
  const request = { act: 'read', directory, staging, branch, from, maxBytes } as const;
  return { source: await context.reader.ask(request, { timeoutMs: readTimeoutMs, signal }) };
}

async function claim({ options, target }: PrepareContext): Promise<void> {
  await options.mark?.remember(target.temporary);
  await target.prepare();
}

async function giveUp({ options, target }: PrepareContext): Promise<void> {
  if (await target.discard()) await options.mark?.forget(target.temporary);
}

async function pack({ reader }: PrepareContext, { signal }: Work): Promise<{ history: Replies['pack'] }> {
  return { history: await reader.ask({ act: 'pack' }, { timeoutMs: packMs, signal }) };
}

async function send(context: Packed, work: Work): Promise<{ sent: Replies['archive'] }> {
  const { source, history, target, reader } = context;
  // Each file has a header and is padded to whole blocks.
  const total = source.bytes + source.files * 1024 + history.bytes;
  return { sent: await sendArchive(target, reader, total, work) };
}

async function place({ source, target, ...checkout }: Read, { signal }: Work): Promise<void> {
  await finish(target, source.hasIndex ? checkout : undefined, signal);
}

async function startTools(
  { shell, options, target }: PrepareContext,
  { signal }: Work,
): Promise<{ bootstrap: Prepared['bootstrap'] }> {
  await options.mark?.forget(target.temporary);
  return { bootstrap: options.bootstrap ? await startBootstrap(shell, target.path, signal) : 'not-asked' };
}
