import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Git, splitLines } from './git.ts';

const objectId = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** What git takes in place of objects, or of the parents of commits: git-replace(1), and grafts, which came before. */
export interface Substitutes {
  /** By the id of a commit, the commits that git goes on with. */
  next: ReadonlyMap<string, readonly string[]>;
  /** By the id of an object, the one that `refs/replace/` has for it. */
  replaced: ReadonlyMap<string, { id: string; isCommit: boolean }>;
  /** By the id of a commit, its line of `info/grafts`. */
  grafts: ReadonlyMap<string, string>;
}

/**
 * Finds the substitutes of a repository. Those that name an object that is not there are left out.
 * @param git runs where the refs and the objects can be read
 * @param grafts the contents of `info/grafts`
 */
export async function findSubstitutes(git: Git, grafts: string): Promise<Substitutes> {
  const lines = new Map(parseGrafts(grafts).map((ids) => [ids[0] ?? '', ids]));
  const pairs = splitLines(
    await git.run(['for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/replace/']),
  )
    .map((line) => line.split(' '))
    .filter((ids) => ids.every((id) => objectId.test(id)));
  const types = await typesOf(git, [...pairs, ...lines.values()].flat());
  const next = new Map<string, string[]>();
  const replaced = new Map<string, { id: string; isCommit: boolean }>();
  for (const [from = '', id = ''] of pairs) {
    const isCommit = types.get(from) === 'commit';
    if (!types.has(id) || types.get(from) !== types.get(id)) continue;
    replaced.set(from, { id, isCommit });
    if (isCommit) next.set(from, [id]);
  }
  const kept = new Map<string, string>();
  for (const [commit, ids] of lines) {
    if (!ids.every((id) => types.get(id) === 'commit')) continue;
    kept.set(commit, ids.join(' '));
    next.set(commit, [...(next.get(commit) ?? []), ...ids.slice(1)]);
  }
  return { next, replaced, grafts: kept };
}

/** Writes the grafts of commits that are there. */
export function writeGrafts(
  gitDirectory: string,
  { grafts }: Substitutes,
  isThere: (commit: string) => boolean,
): void {
  const lines = [...grafts].filter(([commit]) => isThere(commit)).map(([, line]) => `${line}\n`);
  if (lines.length > 0) writeFileSync(join(gitDirectory, 'info', 'grafts'), lines.join(''));
}

/** Parses `info/grafts`: in each line a commit and its parents. */
function parseGrafts(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim().split(' '))
    .filter((ids) => ids.every((id) => objectId.test(id)));
}

async function typesOf(git: Git, ids: readonly string[]): Promise<Map<string, string>> {
  const types = new Map<string, string>();
  if (ids.length === 0) return types;
  const args = ['cat-file', '--batch-check=%(objectname) %(objecttype)'];
  for (const line of splitLines(await git.run(args, `${[...new Set(ids)].join('\n')}\n`))) {
    const [id = '', type = ''] = line.split(' ');
    if (type !== 'missing') types.set(id, type);
  }
  return types;
}
