import { join } from 'node:path';
import { describeKind } from '../common/file-kind.ts';
import { shellQuote } from '../common/shell-quote.ts';
import { type Directory, unsafe } from './directory.ts';

const maxAlternatesBytes = 64 * 1024;

/**
 * Shows that the objects of a repository are in its git directory, and gives their directory: git reads them by path, so
 * every directory and file there is looked at first, for links and for what a program would wait for.
 * @throws UnsafeRepository
 */
export function checkObjects(common: Directory): string {
  using objects = common.directory('objects');
  if (!objects) throw unsafe(`${common.path}/objects`, 'is missing', 'clone the repository again');
  refuseAlternates(objects);
  for (const entry of objects.list()) {
    const isRead = /^[0-9a-f]{2}$/.test(entry.name) || entry.name === 'pack' || entry.name === 'info';
    if (!isRead) continue;
    using inner = objects.directory(entry.name);
    for (const item of inner?.list() ?? []) {
      // Commit graphs in several files, in info, and lists of bitmaps, in pack, have directories of their own.
      if (item.isDirectory() && entry.name.length > 2) checkFlat(inner?.directory(item.name));
      else inner?.checkFile(item.name);
    }
  }
  return objects.path;
}

function checkFlat(directory: Directory | undefined): void {
  using inner = directory;
  for (const { name } of inner?.list() ?? []) inner?.checkFile(name);
}

/** Alternates name other repositories whose objects count as one's own; gitrepository-layout(5). */
function refuseAlternates(objects: Directory): void {
  const stats = objects.stat('info');
  if (!stats) return;
  if (!stats.isDirectory())
    throw unsafe(`${objects.path}/info`, `is ${describeKind(stats)} and not a directory`);
  const text = objects.read('info/alternates', maxAlternatesBytes)?.toString('utf8') ?? '';
  const named = text.split('\n').find((line) => line !== '' && !line.startsWith('#'));
  if (named === undefined) return;
  const [directory, file] = [join(objects.path, '..'), join(objects.path, 'info/alternates')].map(shellQuote);
  throw unsafe(
    `${objects.path}/info/alternates`,
    `takes objects from another repository (${named})`,
    `if both are your own, run \`git -C ${directory} repack -a -d && rm ${file}\``,
  );
}
