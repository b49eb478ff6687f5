import type { FileSync } from '../config/config.ts';
import type { TarEntry } from '../tar/write.ts';
import { Allowance } from './allowance.ts';
import { readWhole } from './read.ts';
import { type Found, guestHome, ifThere, type LeftOut, walk } from './walk.ts';

/** Directories of the guest that are made for what goes into them are nobody else's business. */
const parentMode = 0o700;

/**
 * The user's files that guests are to have, as the archive that guest/sync reads: what is below `root/` is to
 * be in /root; of `parents/` the directories are to be there, whatever their mode; and what is named below
 * `kept/` was left out on the host this time and stays in the guest as it is.
 * @param warn is told of everything that is left out
 * @throws InvalidConfig, HostNotReady (see `walk`)
 */
export async function* syncedFiles(
  configured: readonly FileSync[],
  warn: (text: string) => void,
): AsyncGenerator<TarEntry> {
  const allowance = new Allowance();
  const kept: LeftOut[] = [];
  const found: Found[] = [];
  const parents = new Set<string>();
  // All of it is looked at before anything is read: a mistake is told at once.
  for (const [index, sync] of configured.entries()) {
    const seen = await walk(sync, index, allowance);
    kept.push(...seen.leftOut);
    found.push(...seen.found);
    if (seen.found.length > 0) for (const parent of parentsOf(sync.guest)) parents.add(parent);
  }
  for (const name of parents) {
    yield { kind: 'directory', name: `parents/${name}`, mode: parentMode };
  }
  for (const one of found) {
    const entry = await entryOf(one, allowance);
    if ('warning' in entry) kept.push(entry);
    else yield entry;
    if ('changing' in entry) warn(entry.changing);
  }
  for (const { guest, warning } of kept) {
    warn(warning);
    yield { kind: 'file', name: below('kept/', guest), mode: 0o600, content: '' };
  }
}

/** The directories between /root and a path of the guest, relative to /root. */
function parentsOf(guest: string): string[] {
  const parts = guest.slice(guestHome.length).split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function entryOf(
  one: Found,
  allowance: Allowance,
): Promise<TarEntry | (TarEntry & { changing: string }) | LeftOut> {
  const { where, guest, mode } = one;
  const name = below('root/', guest);
  if (one.kind === 'directory') return { kind: 'directory', name, mode };
  if (one.kind === 'symlink') return { kind: 'symlink', name, mode, target: one.target };
  const reading = await ifThere(where, () => readWhole(one.host, allowance.bytes));
  if (!reading) return { guest, warning: `${where} was removed while it was read; the guest keeps its copy` };
  const { content, changing } = reading;
  allowance.countBytes(where, content.length);
  const entry: TarEntry = { kind: 'file', name, mode, content };
  if (!changing) return entry;
  return { ...entry, changing: `${where} changes all the time; what the guest gets may be of no one moment` };
}

function below(section: string, guest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(section), guest]);
}
