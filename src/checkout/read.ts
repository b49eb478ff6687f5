import { BangerError } from '../common/errors.ts';
import { formatSize } from '../common/units.ts';
import type { Replies, Source } from '../reader/protocol.ts';
import { chooseStart, type Start } from './branch.ts';
import { listFiles } from './files.ts';
import { branchName, type FoundRepository, findRepository } from './repository.ts';
import { createStaging, stageIndex } from './staging.ts';
import { writeState } from './state.ts';

/** Who started this program kills it, and with it what it runs. */
const never = new AbortController().signal;

/** Finds out whether a checkout can be read, and the start be had. @throws what `findRepository` and `chooseStart` throw */
export async function check(source: Source): Promise<Replies['check']> {
  await find(source);
  return {};
}

/**
 * Reads a checkout but for its objects and the contents of its files.
 * @throws what `findRepository` and `chooseStart` throw, NotSupported (submodules), DiskFull (too large for the guest)
 */
export async function read(source: Source): Promise<Replies['read']> {
  const { staging: directory, mostBytes = Number.POSITIVE_INFINITY } = source;
  const { repository, start } = await find(source);
  const staging = await createStaging(repository, start, directory, never);
  const staged = await stageIndex(repository, start, staging);
  const { gitOfFiles, root } = staging;
  const entries = staged?.index.entries ?? [];
  const { files, nestedRepositories } = await listFiles(gitOfFiles, root, entries, staged?.time ?? 0);
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (bytes > mostBytes) {
    throw new BangerError(
      'DiskFull',
      `the files of ${repository.root} have ${formatSize(bytes)}, and the VM's disk ${formatSize(mostBytes)}; use a VM with a larger --disk-size, or have git ignore large files`,
    );
  }
  writeState(directory, { repository, start, hasIndex: staged !== undefined }, files);
  return {
    source: repository.root,
    branch: branchName(start.headRef) ?? null,
    head: start.commit ?? null,
    clean: start.clean,
    files: files.length,
    bytes,
    nestedRepositories,
    hasIndex: staged !== undefined,
  };
}

async function find(source: Source): Promise<{ repository: FoundRepository; start: Start }> {
  const { directory, staging, branch, from } = source;
  // Revisions such as `main@{1}` are found by the reflogs.
  const repository = await findRepository(directory, staging, from?.includes('@{') ?? false, never);
  return { repository, start: await chooseStart(repository, branch, from) };
}
