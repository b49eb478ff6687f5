import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownFile } from '../reader/protocol.ts';
import type { Start } from './branch.ts';
import type { WorkFile } from './files.ts';
import { splitNul } from './git.ts';
import type { Repository } from './repository.ts';

/** What one run of the program leaves for the next, beside the git directories. */
export interface State {
  repository: Omit<Repository, 'git'>;
  start: Start;
  /** Whether the source has an index. */
  hasIndex: boolean;
  /** The entries of the index for the known files, in the order of their list. */
  known: number[];
  /** How many files have an entry. */
  tracked: number;
}

/** A file in the staging directory with the paths of all files, each ended by a NUL. */
const filesFile = 'files';

/** Writes what the next runs need. */
export function writeState(
  staging: string,
  state: Omit<State, 'known' | 'tracked'>,
  files: readonly WorkFile[],
): void {
  const known = files.filter((file) => file.unchanged && file.entry !== undefined);
  const { gitDirectory, headRef, head, isPartial, objectFormat, objects, root } = state.repository;
  const whole: State = {
    ...state,
    repository: { gitDirectory, headRef, head, isPartial, objectFormat, objects, root },
    known: known.flatMap(({ entry }) => (entry === undefined ? [] : [entry])),
    tracked: files.filter(({ entry }) => entry !== undefined).length,
  };
  writeFileSync(join(staging, filesFile), joinNul(files.map(({ path }) => path)));
  writeFileSync(join(staging, knownFile), joinNul(known.map(({ path }) => path)));
  writeFileSync(join(staging, stateFile), JSON.stringify(whole));
}

/** What an earlier run left. */
export function readState(staging: string): State {
  return JSON.parse(readFileSync(join(staging, stateFile), 'utf8')) as State;
}

/** The paths of the files that are sent. */
export function readPaths(staging: string): Buffer[] {
  return splitNul(readFileSync(join(staging, filesFile)));
}

const stateFile = 'state.json';

function joinNul(records: readonly Buffer[]): Buffer {
  return Buffer.concat(records.flatMap((record) => [record, Buffer.of(0)]));
}
