import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Replies } from '../reader/protocol.ts';
import type { Start } from './branch.ts';
import { GitIndex } from './git-index.ts';
import { type History, packHistory, selectHistory } from './history.ts';
import type { Repository } from './repository.ts';
import { stagedBlobs } from './staged-blobs.ts';
import { copyMerge, openStaging, type Staging, sourceShallow, writeRefs } from './staging.ts';
import type { State } from './state.ts';
import { findSubstitutes, type Substitutes, writeGrafts } from './substitutes.ts';

const never = new AbortController().signal;

/** Packs the history for the guest. @throws NotSupported (a clone that lacks objects), CommandFailed */
export async function pack(state: State): Promise<Replies['pack']> {
  const { staging: directory, start, hasIndex, repository } = state;
  const staging = openStaging(repository, start, directory, never);
  const { history, substitutes } = await chooseHistory(repository, start, staging);
  await writeRefs(staging, start, history);
  const index = hasIndex
    ? new GitIndex(readFileSync(join(directory, 'index')), repository.objectFormat)
    : undefined;
  const blobs = index ? await stagedBlobs(staging, index, repository.head) : [];
  const packs = join(staging.gitDirectory, 'objects', 'pack');
  await packHistory(staging.git, repository, history, blobs, join(packs, 'pack'));
  // Only now: git packs what they hide, too.
  writeGrafts(staging.gitDirectory, substitutes, history.has);
  return {
    commits: history.commits,
    shallow: history.shallow.length > 0,
    bytes: readdirSync(packs).reduce((sum, name) => sum + statSync(join(packs, name)).size, 0),
  };
}

/**
 * Chooses the part of the history that the guest gets, as far as the commits themselves are there.
 * @throws NotSupported (a merge of too many commits), CommandFailed (missing commits)
 */
export async function chooseHistory(
  repository: Repository,
  start: Start,
  staging: Staging,
): Promise<{ history: History; substitutes: Substitutes }> {
  const merged = start.clean ? [] : await copyMerge(repository, staging);
  const shallow = await sourceShallow(staging);
  const substitutes = await findSubstitutes(repository.git, readGrafts(repository.gitDirectory));
  const history = await selectHistory(staging.git, repository, start, merged, shallow, substitutes);
  return { history, substitutes };
}

function readGrafts(gitDirectory: string): string {
  const path = join(gitDirectory, 'info', 'grafts');
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}
