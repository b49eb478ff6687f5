import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Replies } from '../reader/protocol.ts';
import { GitIndex } from './git-index.ts';
import { packHistory, selectHistory } from './history.ts';
import { stagedBlobs } from './staged-blobs.ts';
import { copyMerge, openStaging, sourceShallow, writeRefs } from './staging.ts';
import type { State } from './state.ts';

const never = new AbortController().signal;

/** Packs the history for the guest. @throws NotSupported (a clone that lacks objects), CommandFailed */
export async function pack({
  staging: directory,
  start,
  hasIndex,
  repository,
}: State): Promise<Replies['pack']> {
  const staging = openStaging(repository, start, directory, never);
  const merged = start.clean ? [] : await copyMerge(repository, staging);
  const history = await selectHistory(staging.git, repository, start, merged, await sourceShallow(staging));
  await writeRefs(staging, start, history);
  const index = hasIndex
    ? new GitIndex(readFileSync(join(directory, 'index')), repository.objectFormat)
    : undefined;
  const blobs = index ? await stagedBlobs(staging, index, repository.head) : [];
  const packs = join(staging.gitDirectory, 'objects', 'pack');
  await packHistory(staging.git, repository, history, blobs, join(packs, 'pack'));
  return {
    commits: history.commits,
    shallow: history.shallow.length > 0,
    bytes: readdirSync(packs).reduce((sum, name) => sum + statSync(join(packs, name)).size, 0),
  };
}
