import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { describeKind } from '../common/file-kind.ts';
import { getReason } from '../common/system-error.ts';
import { printable } from '../common/text.ts';
import type { FileSync } from '../config/config.ts';
import type { Allowance } from './allowance.ts';

/** One thing that guests are to have. Paths are bytes of any encoding. */
export type Found = {
  /** How errors and warnings name it. */
  where: string;
  host: Buffer;
  /** Relative to /root. */
  guest: Buffer;
  mode: number;
} & ({ kind: 'file' | 'directory' } | { kind: 'symlink'; target: Buffer });

/** What was configured and is left out this time: what the guest has of it stays as it is. */
export interface LeftOut {
  guest: Buffer;
  warning: string;
}

export const guestHome = '/root/';
const permissions = 0o777;
const defaultFileMode = 0o600;
/** A path of the guest is at most this long in bytes, with room for what comes before it. */
const maxPathLength = 4000;

/** A path that is still to be looked at. */
interface Item {
  host: Buffer;
  guest: Buffer;
  /** How it is told to people. */
  name: string;
  /** The configured path itself and not something in it. */
  top: boolean;
}

/**
 * What one entry of the configuration stands for on this host, directories before what is in them. Only the
 * host path itself may be a symbolic link that is followed.
 * @throws HostNotReady for what cannot be read, InvalidConfig for what makes no sense or is too much
 */
export async function walk(
  sync: FileSync,
  index: number,
  allowance: Allowance,
): Promise<{ found: Found[]; leftOut: LeftOut[] }> {
  const entry = `file_sync[${index}]`;
  const found: Found[] = [];
  const leftOut: LeftOut[] = [];
  const guest = Buffer.from(sync.guest.slice(guestHome.length));
  const host = await ifThere(entry, () => realpath(sync.host, 'buffer'));
  if (!host) leftOut.push({ guest, warning: absent(entry, sync.host) });
  const pending: Item[] = host ? [{ host, guest, name: sync.host, top: true }] : [];
  for (let item = pending.shift(); item; item = pending.shift()) {
    allowance.countEntry(`${entry} (${printable(item.name, 200)})`);
    const seen = await examine(sync, entry, item);
    if ('warning' in seen) leftOut.push(seen);
    else found.push(seen);
    if (!('children' in seen)) continue;
    for (const child of seen.children) {
      pending.push({
        host: below(item.host, child),
        guest: below(item.guest, child),
        name: `${item.name}/${child}`,
        top: false,
      });
    }
  }
  return { found, leftOut };
}

async function examine(
  sync: FileSync,
  entry: string,
  { host, guest, name, top }: Item,
): Promise<Found | (Found & { children: Buffer[] }) | LeftOut> {
  const where = `${entry} (${printable(name, 200)})`;
  const refuse = (why: string, remedy?: string) =>
    new BangerError('InvalidConfig', `${where} ${why}`, { remedy });
  const gone = { guest, warning: absent(entry, name) };
  if (guest.length > maxPathLength) throw refuse('has a path that is too long for the guest', 'leave it out');
  const stats = await ifThere(entry, () => lstat(host));
  if (!stats) return gone;
  const base = { where, host, guest, mode: stats.mode & permissions };
  if (stats.isFile()) {
    return { ...base, kind: 'file', mode: top ? (sync.mode ?? defaultFileMode) : base.mode };
  }
  if (stats.isSymbolicLink()) {
    const target = await ifThere(entry, () => readlink(host, 'buffer'));
    return target ? { ...base, kind: 'symlink', target } : gone;
  }
  if (stats.isDirectory()) {
    if (sync.mode !== undefined)
      throw refuse('is a directory, whose files have modes of their own', 'remove mode');
    const children = await ifThere(entry, () => readdir(host, 'buffer'));
    return children ? { ...base, kind: 'directory', children } : gone;
  }
  if (top) throw refuse('is neither a file nor a directory', 'name one');
  return { guest, warning: `${where} is ${describeKind(stats)} and is left out` };
}

/** Does something with what may be gone. @throws HostNotReady with the entry for every other failure */
export async function ifThere<T>(entry: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (getSystemCode(error) === 'ENOENT') return undefined;
    const { path = '' } = error as NodeJS.ErrnoException;
    const what = path === '' ? entry : `${entry} (${printable(String(path), 300)})`;
    throw new BangerError('HostNotReady', `${what} cannot be read: ${printable(getReason(error), 300)}`, {
      remedy: 'correct that, or take the entry out of config.toml',
      cause: error,
    });
  }
}

function absent(entry: string, name: string): string {
  return `${entry} is skipped: ${printable(name, 200)} does not exist on the host; the guest keeps its copy`;
}

function below(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}
