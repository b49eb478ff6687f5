import { splitNul } from './git.ts';
import type { GitIndex } from './git-index.ts';
import type { Staging } from './staging.ts';

/** The objects of the index that need not be in any commit. */
export async function stagedBlobs(
  staging: Staging,
  { entries }: GitIndex,
  head: string | undefined,
): Promise<string[]> {
  if (entries.some((entry) => entry.intentToAdd)) {
    // Such an entry stands for an empty file, whose object need not be there. Git would only touch the
    // source's if it saw that.
    await staging.git
      .with({ GIT_ALTERNATE_OBJECT_DIRECTORIES: '' })
      .run(['hash-object', '-w', '-t', 'blob', '--stdin'], '');
  }
  const own = entries.filter((entry) => !entry.intentToAdd && (head === undefined || entry.stage > 0));
  const blobs = new Set(own.map((entry) => entry.oid));
  if (head !== undefined) {
    const changes = splitNul(
      await staging.git.run(['diff-index', '--cached', '--no-abbrev', '-z', head, '--']),
    );
    for (const record of changes) {
      // `:<mode> <mode> <oid> <oid> <status>`, followed by a record with the path.
      const [, , oid] = /^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) [A-Z]/.exec(record.toString('latin1')) ?? [];
      if (oid) blobs.add(oid);
    }
  }
  return [...blobs].filter((oid) => !/^0+$/.test(oid));
}
