import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownFile } from '../reader/protocol.ts';
import type { Start } from './branch.ts';
import type { WorkFile } from './files.ts';
import { splitNul } from './git.ts';
import type { Repository } from './repository.ts';

/** What was found out of a checkout, beside the git directories in `staging`. */
export interface State {
  /** The private directory that all this is about. */
  staging: string;
  repository: Repository;
  start: Start;
  /** Whether the source has an index. */
  hasIndex: boolean;
  /** The entries of the index for the known files, in the order of their list. */
  known: readonly number[];
  /** How many files have an entry. */
  tracked: number;
  /** The paths of the files that are sent, each ended by a NUL: much smaller than a list of them. */
  paths: Buffer;
}

/** Keeps what later questions need of the files, and writes the list of the known ones. */
export function makeState(
  staging: string,
  found: Pick<State, 'repository' | 'start' | 'hasIndex'>,
  files: readonly WorkFile[],
): State {
  const known = files.filter((file) => file.unchanged && file.entry !== undefined);
  writeFileSync(join(staging, knownFile), joinNul(known.map(({ path }) => path)));
  return {
    ...found,
    staging,
    known: known.flatMap(({ entry }) => (entry === undefined ? [] : [entry])),
    tracked: files.filter(({ entry }) => entry !== undefined).length,
    paths: joinNul(files.map(({ path }) => path)),
  };
}

/** The paths of the files that are sent. */
export function pathsIn({ paths }: State): Buffer[] {
  return splitNul(paths);
}

function joinNul(records: readonly Buffer[]): Buffer {
  return Buffer.concat(records.flatMap((record) => [record, Buffer.of(0)]));
}
