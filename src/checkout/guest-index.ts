import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guestIndexFile, type Replies, statsFile } from '../reader/protocol.ts';
import { type FileStat, GitIndex } from './git-index.ts';
import type { State } from './state.ts';

/**
 * Makes the guest's index. It tells git there which of the files are as git knew them on the host, so that no git need
 * read them all again; only those in doubt are compared.
 */
export function makeGuestIndex({ staging, known, tracked, repository }: State): Replies['index'] {
  const index = new GitIndex(readFileSync(join(staging, 'index')), repository.objectFormat);
  const path = join(staging, statsFile);
  const lines = existsSync(path) ? readFileSync(path, 'latin1').split('\n') : [];
  const statOf = new Map<number, FileStat>();
  known.forEach((entry, number) => {
    const here = index.entries[entry]?.stat;
    const there = parseStat(lines[number] ?? '');
    // A file that changed on its way has another time or size than what git knew.
    if (here && there && here.mtime === there.mtime && here.size === there.size) statOf.set(entry, there);
  });
  writeFileSync(
    join(staging, guestIndexFile),
    index.write((entry) => statOf.get(entry)),
  );
  const youngest = [...statOf.values()].reduce((time, { mtime }) => Math.max(time, mtime), 0);
  return { inDoubt: statOf.size < tracked, youngest };
}

/** One line of stat(1) in the format `%Z %Y %d %i %u %g %s`; a guest may send anything. */
function parseStat(line: string): FileStat | undefined {
  if (!/^-?\d{1,20}(?: -?\d{1,20}){6}$/.test(line)) return undefined;
  const words = line.split(' ').map((word) => Number(BigInt.asUintN(32, BigInt(word))));
  const [ctime = 0, mtime = 0, dev = 0, ino = 0, uid = 0, gid = 0, size = 0] = words;
  return { ctime, mtime, dev, ino, uid, gid, size };
}
