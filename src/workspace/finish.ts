import type { WorkFile } from './files.ts';
import type { FileStat } from './git-index.ts';
import type { StagedIndex } from './staging.ts';
import type { Target } from './target.ts';

/**
 * Puts the workspace in its place, and tells the guest's index which of the files are as git knew them on the host, so that no git need read
 * them all again; only those in doubt are compared.
 */
export async function finish(
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
